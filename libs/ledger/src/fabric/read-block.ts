import { common, msp, peer } from '@hyperledger/fabric-protos';
import { problem } from '@medshare/problems';
import { createHash } from 'node:crypto';
import { chaincodeActionOf, readSets, type NamespaceSet } from './endorsed.js';

/** A block of the channel, its hashes checked. */
export interface ReadBlock {
  readonly number: number;
  /** SHA-256 of the header, base64url. */
  readonly hash: string;
  readonly previousHash: string;
  readonly block: common.Block;
  readonly transactions: readonly ReadTransaction[];
  /** `protos.TxValidationCode` of each envelope, as the peer judged. */
  readonly codes: readonly number[];
}

/** One envelope of a block; what is no call of a chaincode has no `call`. */
export interface ReadTransaction {
  readonly index: number;
  readonly txId: string;
  /** undefined where not even that can be read */
  readonly type: number | undefined;
  readonly envelope: common.Envelope;
  readonly call?: ReadCall;
}

export interface ReadCall {
  readonly chaincode: string;
  /** Function first. */
  readonly args: readonly Uint8Array[];
  readonly creator: msp.SerializedIdentity;
  /** ms since the epoch */
  readonly time: number;
  readonly response: Uint8Array;
  readonly event: Uint8Array | undefined;
  readonly sets: readonly NamespaceSet[];
  readonly action: peer.ChaincodeEndorsedAction;
  readonly proposalPayload: Uint8Array;
  readonly header: common.Header;
}

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
const sha256 = (...parts: Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** @throws `ledger.tampered` when its data are not those that its header names */
export function readBlock(block: common.Block): ReadBlock {
  const header = block.getHeader();
  const data = block.getData()?.getDataList_asU8() ?? [];
  const number = header?.getNumber() ?? -1;
  if (header === undefined || !sha256(...data).equals(header.getDataHash_asU8()))
    throw problem('ledger.tampered', {
      where: `block ${number}`,
      detail: 'the data do not match the hash in the header',
    });
  const filter = block.getMetadata()?.getMetadataList_asU8()[common.BlockMetadataIndex.TRANSACTIONS_FILTER];
  const codes = data.map((_, index) => filter?.[index] ?? peer.TxValidationCode.NOT_VALIDATED);
  return {
    number,
    hash: base64url(sha256(headerBytes(header))),
    previousHash: base64url(header.getPreviousHash_asU8()),
    block,
    transactions: data.map(readTransaction),
    codes,
  };
}

/** Whether it may be a call of a chaincode, and what it does is not known. */
export const isUnreadable = ({ type, call }: ReadTransaction): boolean =>
  call === undefined && (type === undefined || type === common.HeaderType.ENDORSER_TRANSACTION);

/**
 * Whoever may write to the channel may write what orderers take and this reader does not (a known field with another wire type is a
 * foreign field to Go, and an error here): that must not stand in the way of the blocks behind it.
 */
const readTransaction = (bytes: Uint8Array, index: number): ReadTransaction =>
  attempt(() => readEnvelope(bytes, index)) ?? { index, txId: '', type: undefined, envelope: new common.Envelope() };

function readEnvelope(bytes: Uint8Array, index: number): ReadTransaction {
  const envelope = common.Envelope.deserializeBinary(bytes);
  const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
  const header = payload.getHeader() ?? new common.Header();
  const channelHeader = common.ChannelHeader.deserializeBinary(header.getChannelHeader_asU8());
  const base = { index, txId: channelHeader.getTxId(), type: channelHeader.getType(), envelope };
  if (base.type !== common.HeaderType.ENDORSER_TRANSACTION) return base;
  const call = attempt(() => readCall(payload, header, channelHeader));
  return { ...base, ...(call && { call }) };
}

function readCall(payload: common.Payload, header: common.Header, channelHeader: common.ChannelHeader): ReadCall {
  const [first] = peer.Transaction.deserializeBinary(payload.getData_asU8()).getActionsList();
  const actionPayload = peer.ChaincodeActionPayload.deserializeBinary(first!.getPayload_asU8());
  const action = actionPayload.getAction()!;
  const executed = chaincodeActionOf(action.getProposalResponsePayload_asU8());
  const proposalPayload = actionPayload.getChaincodeProposalPayload_asU8();
  const input = peer.ChaincodeProposalPayload.deserializeBinary(proposalPayload).getInput_asU8();
  const spec = peer.ChaincodeInvocationSpec.deserializeBinary(input).getChaincodeSpec();
  const creator = common.SignatureHeader.deserializeBinary(header.getSignatureHeader_asU8()).getCreator_asU8();
  const events = executed.getEvents_asU8();
  const time = channelHeader.getTimestamp();
  return {
    chaincode: spec?.getChaincodeId()?.getName() ?? '',
    args: spec?.getInput()?.getArgsList_asU8() ?? [],
    creator: msp.SerializedIdentity.deserializeBinary(creator),
    time: (time?.getSeconds() ?? 0) * 1000 + Math.floor((time?.getNanos() ?? 0) / 1e6),
    response: executed.getResponse()?.getPayload_asU8() ?? new Uint8Array(),
    event: events.length > 0 ? peer.ChaincodeEvent.deserializeBinary(events).getPayload_asU8() : undefined,
    sets: readSets(executed.getResults_asU8()),
    action,
    proposalPayload,
    header,
  };
}

/** ASN.1 of a header, which its hash is over (fabric/protoutil/blockutils.go): SEQUENCE { INTEGER, OCTET STRING, OCTET STRING }. */
export function headerBytes(header: common.BlockHeader): Buffer {
  const octets = (bytes: Uint8Array) => der(0x04, Buffer.from(bytes));
  const parts = [
    derInteger(header.getNumber()),
    octets(header.getPreviousHash_asU8()),
    octets(header.getDataHash_asU8()),
  ];
  return der(0x30, Buffer.concat(parts));
}

function derInteger(value: number): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return der(0x02, bytes[0]! >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes);
}

/** Lengths here stay below 128 octets. */
const der = (tag: number, content: Buffer): Buffer => Buffer.concat([Buffer.of(tag, content.length), content]);

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
