import { common, peer } from '@hyperledger/fabric-protos';
import { keys } from '@medshare/chaincode-region';
import { canonical } from '@medshare/crypto';
import { region as regionShape, type Region } from '@medshare/events/chain';
import { createHash, createVerify, type X509Certificate } from 'node:crypto';
import type { ChainSigning } from '../chain-signing.js';
import { compareState } from '../compare-state.js';
import type { ChainFinding } from '../ledger.port.js';
import { membersIn, signerOf, type ChannelMembers } from './channel-members.js';
import type { CopiedBlock, Copy } from './copy.js';
import {
  headerBytes,
  isUnreadable,
  readBlock,
  type ReadBlock,
  type ReadCall,
  type ReadTransaction,
} from './read-block.js';
import { ReplayedVersions, replayable } from './replayed-versions.js';

const pageBlocks = 50;
const pageBytes = 16 * 1024 * 1024;
/** A kept transaction older than this is named, ms. */
const keptMs = 600_000;

export interface VerifyParts {
  readonly institution: string;
  readonly region: Region;
  readonly chaincode: string;
  readonly copy: Copy;
  readonly signing: ChainSigning;
}

/**
 * Walks the copy from the channel's first block: hash chain, an orderer's signature on each block, the client's and enough organisations'
 * signatures on each valid transaction by the authorities that the channel's configuration names, the versions read by replay, the
 * institution's own commit signatures, and at the end whether the state is what the blocks come to. Goes on after a finding.
 * Memory grows with the number of state keys (about 200 bytes each).
 */
export async function* verifyCopy(parts: VerifyParts, onBlock?: (block: number) => void): AsyncIterable<ChainFinding> {
  const replayed = new ReplayedVersions(parts.chaincode);
  const walk: Walk = {
    parts,
    replayed,
    before: undefined,
    members: undefined,
    region: undefined,
    endorsements: Infinity,
  };
  yield* verifyBlocks(walk, onBlock);
  if (walk.before === undefined) yield { kind: 'chain', detail: 'there are no blocks' };
  if (walk.region !== undefined && walk.region !== canonical(parts.region))
    yield { kind: 'state', id: keys.region, detail: 'the region’s document is another than the one we were given' };
  yield* compareState(parts.copy, replayed, () => verifyBlocks(walk, onBlock));
  for (const { id, refusals } of await parts.copy.keptLong(keptMs)) {
    const why = refusals > 0 ? `the ordering service refused it ${refusals} times` : 'no block holds it';
    yield { kind: 'transaction', id, detail: `signed over ${keptMs / 60_000} minutes ago, and ${why}` };
  }
}

interface Walk {
  readonly parts: VerifyParts;
  readonly replayed: ReplayedVersions;
  /** The block that was verified last. */
  before: { readonly number: number; readonly hash: string } | undefined;
  members: ChannelMembers | undefined;
  /**
   * Fewest that a region's document so far asks for: one that asks for more counts at each institution from the start with it on, and
   * whether a block's transactions met the channel's policy then its peer has judged.
   */
  endorsements: number;
  /** The last of them, as it was written. */
  region: string | undefined;
}

/** The blocks behind the one that was verified last. @returns whether there were some */
async function* verifyBlocks(walk: Walk, onBlock?: (block: number) => void): AsyncGenerator<ChainFinding, boolean> {
  const start = walk.before;
  for (;;) {
    const page = await walk.parts.copy.blocks((walk.before?.number ?? -1) + 1, pageBlocks, pageBytes);
    if (page.length === 0) return walk.before !== start;
    for (const stored of page) {
      yield* verifyBlock(walk, stored);
      walk.before = stored;
      onBlock?.(stored.number);
    }
  }
}

function* verifyBlock(walk: Walk, stored: CopiedBlock): Iterable<ChainFinding> {
  const { before } = walk;
  const { number, codes, signature } = stored;
  const { signing, institution } = walk.parts;
  if (number !== (before?.number ?? -1) + 1)
    yield { kind: 'chain', block: number, detail: 'blocks before it are missing' };
  const block = parsed(stored);
  if (block === undefined)
    return yield {
      kind: 'block',
      block: number,
      detail: 'its bytes are no block, or its data not those of its header',
    };
  if (block.number !== number || block.hash !== stored.hash)
    yield { kind: 'block', block: number, detail: 'the number or hash kept beside it is another' };
  if (before !== undefined && block.previousHash !== before.hash)
    yield { kind: 'chain', block: number, detail: 'the hash of the block before it is another' };
  if (!signing.holds(institution, 'commit', { institution, number, hash: stored.hash, codes: [...codes] }, signature))
    yield { kind: 'signature', block: number, detail: `what was taken is not signed by ${institution}` };
  // the first block is what the organisations agreed on, and nobody signs it
  if (walk.members !== undefined && !isOrdered(walk.members, block))
    yield { kind: 'signature', block: number, detail: 'no orderer of the channel signed it' };
  for (const transaction of block.transactions) yield* verifyTransaction(walk, block, transaction, codes);
}

function parsed({ bytes }: CopiedBlock): ReadBlock | undefined {
  try {
    return readBlock(common.Block.deserializeBinary(bytes));
  } catch {
    return undefined;
  }
}

function* verifyTransaction(
  walk: Walk,
  block: ReadBlock,
  transaction: ReadTransaction,
  codes: readonly number[],
): Iterable<ChainFinding> {
  const { index, txId, type, envelope, call } = transaction;
  const code = codes[index];
  const finding = (kind: 'signature' | 'transaction', detail: string): ChainFinding => ({
    kind,
    block: block.number,
    id: txId,
    detail,
  });
  if (type === common.HeaderType.CONFIG) {
    try {
      walk.members = membersIn(envelope);
    } catch {
      yield finding('transaction', 'the channel’s configuration in it cannot be read');
    }
  }
  if (code === peer.TxValidationCode.VALID && isUnreadable(transaction))
    yield finding('transaction', 'the peer found it valid, and it cannot be read: what it writes is not known');
  if (call === undefined || walk.members === undefined) return;
  const expected = replayable.get(code ?? -1);
  const comesTo = walk.replayed.holds(call);
  if (expected !== undefined && expected !== comesTo)
    yield finding('transaction', `the peer said ${expected}, it replays as ${comesTo}`);
  if (code !== peer.TxValidationCode.VALID) return;
  walk.replayed.apply(block, index, call);
  if (call.chaincode !== walk.parts.chaincode) return;
  if (!isClients(walk.members, transaction, call)) yield finding('signature', 'its client did not sign it');
  const endorsers = endorsersOf(walk.members, call);
  const written = regionIn(call, walk.parts.chaincode);
  // the first document is judged by itself, an amendment by what was asked for before it
  if (walk.region === undefined) takeRegion(walk, written);
  if (endorsers.size < walk.endorsements)
    yield finding('signature', `${endorsers.size} of ${walk.endorsements} organisations endorse it`);
  takeRegion(walk, written);
}

function takeRegion(walk: Walk, written: string | undefined): void {
  if (written === undefined || written === walk.region) return;
  walk.region = written;
  walk.endorsements = Math.min(walk.endorsements, endorsementsOf(written));
}

/** @returns Infinity for what is no document of a region: it lowers nothing, and is told at the end as another than ours */
function endorsementsOf(document: string): number {
  try {
    return regionShape.parse(JSON.parse(document)).endorsements;
  } catch {
    return Infinity;
  }
}

/** The region's document that a call writes. */
function regionIn({ sets }: ReadCall, chaincode: string): string | undefined {
  const writes = sets.filter(({ namespace }) => namespace === chaincode).flatMap(({ set }) => set.getWritesList());
  const found = writes.find((write) => write.getKey() === keys.region);
  return found && Buffer.from(found.getValue_asU8()).toString('utf8');
}

function isClients({ endorsers }: ChannelMembers, { envelope, txId }: ReadTransaction, { header }: ReadCall): boolean {
  const signed = common.SignatureHeader.deserializeBinary(header.getSignatureHeader_asU8());
  const creator = signed.getCreator_asU8();
  const id = createHash('sha256').update(signed.getNonce_asU8()).update(creator).digest('hex');
  const by = signerOf(endorsers, creator, envelope.getPayload_asU8(), envelope.getSignature_asU8(), ecdsa);
  return id === txId && by !== undefined;
}

function endorsersOf({ endorsers }: ChannelMembers, { action, header, proposalPayload }: ReadCall): Set<string> {
  const result = action.getProposalResponsePayload_asU8();
  const hash = createHash('sha256');
  for (const part of [header.getChannelHeader_asU8(), header.getSignatureHeader_asU8(), proposalPayload])
    hash.update(part);
  const named = peer.ProposalResponsePayload.deserializeBinary(result).getProposalHash_asU8();
  if (!hash.digest().equals(named)) return new Set();
  const found = action.getEndorsementsList().map((one) => {
    const by = one.getEndorser_asU8();
    return signerOf(endorsers, by, Buffer.concat([result, by]), one.getSignature_asU8(), ecdsa);
  });
  return new Set(found.filter((mspId) => mspId !== undefined));
}

function isOrdered({ orderers }: ChannelMembers, { block }: ReadBlock): boolean {
  const bytes = block.getMetadata()?.getMetadataList_asU8()[common.BlockMetadataIndex.SIGNATURES];
  if (bytes === undefined) return false;
  const metadata = common.Metadata.deserializeBinary(bytes);
  return metadata.getSignaturesList().some((one) => {
    const header = one.getSignatureHeader_asU8();
    const creator = common.SignatureHeader.deserializeBinary(header).getCreator_asU8();
    const signed = Buffer.concat([metadata.getValue_asU8(), header, headerBytes(block.getHeader()!)]);
    return signerOf(orderers, creator, signed, one.getSignature_asU8(), ecdsa) !== undefined;
  });
}

const ecdsa = (certificate: X509Certificate, signed: Uint8Array, signature: Uint8Array): boolean =>
  createVerify('sha256').update(signed).verify(certificate.publicKey, signature);
