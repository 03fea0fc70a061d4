import { common, gateway, ledger, peer } from '@hyperledger/fabric-protos';
import { canonical } from '@medshare/crypto';
import { createHash } from 'node:crypto';

/** One organisation's execution of a proposal, out of the prepared transaction that its Gateway answered. */
export interface Endorsed {
  /** Digest of the signed result: equal for equal executions on equal state. */
  readonly result: string;
  /** Digest of what was read, with versions: executions that differ in it stood at different heights. */
  readonly reads: string;
  readonly prepared: gateway.PreparedTransaction;
  /** The chaincode's answer. */
  readonly payload: Uint8Array;
}

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('base64url');

/** @param bytes of a `gateway.PreparedTransaction` */
export function readEndorsed(bytes: Uint8Array): Endorsed {
  const prepared = gateway.PreparedTransaction.deserializeBinary(bytes);
  const { action } = unfold(prepared);
  const result = action.getProposalResponsePayload_asU8();
  const executed = chaincodeActionOf(result);
  return {
    result: sha256(result),
    reads: sha256(readsOf(executed.getResults_asU8())),
    prepared,
    payload: executed.getResponse()?.getPayload_asU8() ?? new Uint8Array(),
  };
}

/** One transaction with the endorsements of all: their results must be equal. @returns bytes of a `gateway.PreparedTransaction` */
export function mergeEndorsed(given: readonly Endorsed[]): Uint8Array {
  const endorsements = given.flatMap(({ prepared }) => unfold(prepared).action.getEndorsementsList());
  const merged = gateway.PreparedTransaction.deserializeBinary(given[0]!.prepared.serializeBinary());
  const { envelope, payload, transaction, actions, actionPayload, action } = unfold(merged);
  action.setEndorsementsList(endorsements);
  actionPayload.setAction(action);
  actions[0]!.setPayload(actionPayload.serializeBinary());
  transaction.setActionsList(actions);
  payload.setData(transaction.serializeBinary());
  envelope.setPayload(payload.serializeBinary());
  merged.setEnvelope(envelope);
  return merged.serializeBinary();
}

function unfold(prepared: gateway.PreparedTransaction) {
  const envelope = prepared.getEnvelope() ?? new common.Envelope();
  const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
  const transaction = peer.Transaction.deserializeBinary(payload.getData_asU8());
  const actions = transaction.getActionsList();
  const actionPayload = peer.ChaincodeActionPayload.deserializeBinary(actions[0]!.getPayload_asU8());
  const action = actionPayload.getAction() ?? new peer.ChaincodeEndorsedAction();
  return { envelope, payload, transaction, actions, actionPayload, action };
}

/** @param responsePayload bytes of a `ProposalResponsePayload` */
export function chaincodeActionOf(responsePayload: Uint8Array): peer.ChaincodeAction {
  const parsed = peer.ProposalResponsePayload.deserializeBinary(responsePayload);
  return peer.ChaincodeAction.deserializeBinary(parsed.getExtension_asU8());
}

export interface NamespaceSet {
  readonly namespace: string;
  readonly set: ledger.rwset.kvrwset.KVRWSet;
}

/** @param results bytes of a `TxReadWriteSet` */
export const readSets = (results: Uint8Array): NamespaceSet[] =>
  ledger.rwset.TxReadWriteSet.deserializeBinary(results)
    .getNsRwsetList()
    .map((one) => ({
      namespace: one.getNamespace(),
      set: ledger.rwset.kvrwset.KVRWSet.deserializeBinary(one.getRwset_asU8()),
    }));

const readsOf = (results: Uint8Array): string =>
  canonical(
    readSets(results).map(({ namespace, set }) => ({
      namespace,
      reads: set.getReadsList().map((read) => Buffer.from(read.serializeBinary()).toString('base64')),
      ranges: set.getRangeQueriesInfoList().map((range) => Buffer.from(range.serializeBinary()).toString('base64')),
    })),
  );
