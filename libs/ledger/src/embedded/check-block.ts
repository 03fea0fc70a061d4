import type { Region } from '@medshare/events/chain';
import { problem } from '@medshare/problems';
import { canonicalText, type ChainSigning } from '../chain-signing.js';
import { block, type Block } from './messages.js';

export interface BlockFault {
  readonly kind: 'block' | 'chain' | 'signature';
  readonly detail: string;
}

/** Reads a block's text. @returns the block and its hash, or what is wrong with its bytes, its data or its orderer's signature */
export function readBlock(
  region: Region,
  signing: ChainSigning,
  text: string,
): { block: Block; hash: string } | BlockFault {
  let parsed: Block;
  try {
    parsed = block.parse(JSON.parse(text));
  } catch {
    return { kind: 'block', detail: 'the bytes are not a block' };
  }
  const { header, signature, transactions } = parsed;
  if (header.region !== region.region) return { kind: 'block', detail: 'the block is of another region' };
  if (canonicalText(parsed) !== text) return { kind: 'block', detail: 'the bytes are not in canonical form' };
  if (signing.hash('transactions', transactions) !== header.dataHash) {
    return { kind: 'block', detail: 'the transactions do not match the data hash of the header' };
  }
  const orderer = region.members[0]!.id;
  const signed =
    header.number === 0 ? signature === null : signature !== null && signing.holds(orderer, 'block', header, signature);
  if (!signed) return { kind: 'signature', detail: `the header is not signed by ${orderer}` };
  return { block: parsed, hash: signing.hash('block', header) };
}

/** @returns what is wrong with a header's place after the block before it */
export function checkPlace(
  { header }: Block,
  before: { number: number; hash: string; time: number },
): BlockFault | undefined {
  if (header.number !== before.number + 1) return { kind: 'chain', detail: `block ${before.number + 1} was to follow` };
  if (header.previousHash !== before.hash)
    return { kind: 'chain', detail: 'the hash of the block before it is another' };
  if (header.time < before.time) return { kind: 'chain', detail: 'the time runs backwards' };
  return undefined;
}

export const isFault = (value: object): value is BlockFault => 'detail' in value;

export const tampered = (number: number, { detail }: BlockFault) =>
  problem('ledger.tampered', { where: `block ${number}`, detail });
