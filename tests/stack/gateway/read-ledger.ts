import { status as codes } from '@grpc/grpc-js';
import { common, peer } from '@hyperledger/fabric-protos';
import { askPeer } from './ask-peer.js';
import { GatewayError } from './gateway-error.js';
import type { Own } from './own.js';
import { ownProposal } from './own-messages.js';

type ValidationCode = peer.TxValidationCodeMap[keyof peer.TxValidationCodeMap];

/** A transaction in the ledger. */
export interface Committed {
  readonly code: ValidationCode;
  readonly block: number;
}

const patienceMs = 30_000;

/** @returns undefined when the system chaincode says that there is no such thing */
async function query(own: Own, channel: string, args: readonly string[]): Promise<Uint8Array | undefined> {
  const proposal = await ownProposal(own.identity, channel, 'qscc', args);
  const answered = await askPeer(own.peer, proposal, { deadline: Date.now() + patienceMs, own: true });
  if ('response' in answered) return answered.response.getResponse()?.getPayload_asU8();
  if (/not found|no such transaction ID/.test(answered.message)) return undefined;
  throw new GatewayError(answered.code, answered.message);
}

/** @returns how many blocks the own peer has */
export async function heightOf(own: Own, channel: string): Promise<number> {
  const bytes = await query(own, channel, ['GetChainInfo', channel]);
  if (!bytes) throw new GatewayError(codes.NOT_FOUND, `channel ${channel} does not exist`);
  return common.BlockchainInfo.deserializeBinary(bytes).getHeight();
}

/** @returns the block that holds the transaction, or undefined while none does */
export async function blockWith(own: Own, channel: string, txId: string): Promise<common.Block | undefined> {
  const bytes = await query(own, channel, ['GetBlockByTxID', channel, txId]);
  return bytes && common.Block.deserializeBinary(bytes);
}

/** The first verdict on a transaction: one that comes again is a duplicate, and changes nothing. */
export async function committed(own: Own, channel: string, txId: string): Promise<Committed | undefined> {
  const block = await blockWith(own, channel, txId);
  const found = block && transactionsOf(block).find((each) => each.txId === txId);
  return found && { code: found.code, block: block.getHeader()?.getNumber() ?? 0 };
}

export interface BlockTransaction {
  readonly txId: string;
  readonly code: ValidationCode;
  readonly type: number;
  readonly payload: common.Payload;
}

export function transactionsOf(block: common.Block): BlockTransaction[] {
  const codesOf = block.getMetadata()?.getMetadataList_asU8()[common.BlockMetadataIndex.TRANSACTIONS_FILTER];
  return (block.getData()?.getDataList_asU8() ?? []).map((bytes, at) => {
    const payload = common.Payload.deserializeBinary(common.Envelope.deserializeBinary(bytes).getPayload_asU8());
    const header = common.ChannelHeader.deserializeBinary(
      payload.getHeader()?.getChannelHeader_asU8() ?? new Uint8Array(),
    );
    const code = codesOf?.[at] ?? peer.TxValidationCode.INVALID_OTHER_REASON;
    return { txId: header.getTxId(), code: code as ValidationCode, type: header.getType(), payload };
  });
}
