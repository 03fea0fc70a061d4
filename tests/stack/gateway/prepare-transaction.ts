import { common, peer } from '@hyperledger/fabric-protos';
import type { ReadProposal } from './read-proposal.js';

/** The transaction that the client is to sign: its own header, its proposal without transient data, and what was endorsed. */
export function prepareTransaction(
  { header, payload }: ReadProposal,
  endorsed: { payload: Uint8Array; endorsements: readonly peer.Endorsement[] },
): common.Envelope {
  const action = new peer.ChaincodeEndorsedAction();
  action.setProposalResponsePayload(endorsed.payload);
  action.setEndorsementsList([...endorsed.endorsements]);
  const withoutTransient = new peer.ChaincodeProposalPayload();
  withoutTransient.setInput(payload.getInput_asU8());
  const actionPayload = new peer.ChaincodeActionPayload();
  actionPayload.setChaincodeProposalPayload(withoutTransient.serializeBinary());
  actionPayload.setAction(action);
  const transactionAction = new peer.TransactionAction();
  transactionAction.setHeader(header.getSignatureHeader_asU8());
  transactionAction.setPayload(actionPayload.serializeBinary());
  const transaction = new peer.Transaction();
  transaction.setActionsList([transactionAction]);
  const whole = new common.Payload();
  whole.setHeader(header);
  whole.setData(transaction.serializeBinary());
  const envelope = new common.Envelope();
  envelope.setPayload(whole.serializeBinary());
  return envelope;
}
