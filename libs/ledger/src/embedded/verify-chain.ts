import { compareState, type KeptState } from '../compare-state.js';
import type { ChainFinding } from '../ledger.port.js';
import type { BlockCommit, StoredBlock, VersionedEntry } from './chain-store.js';
import { checkPlace, isFault, readBlock } from './check-block.js';
import { readGenesis } from './genesis.js';
import type { PeerParts } from './peer.js';
import { ReplayedState } from './replayed-state.js';
import { validateTransactions } from './validate-transactions.js';

const pageBlocks = 50;
const pageBytes = 16 * 1024 * 1024;

type Parts = Pick<PeerParts, 'institution' | 'region' | 'signing' | 'store'>;

/**
 * Walks one copy of the chain from the genesis: bytes, hash chain, orderer's and endorsers' signatures, the verdict on each transaction by
 * replay, the member's own commit signatures, and at the end whether the state is what the blocks come to. Goes on after a finding, so that
 * one flipped bit names one block. Memory grows with the number of state keys (about 200 bytes each).
 */
export async function* verifyChain(parts: Parts, onBlock?: (block: number) => void): AsyncIterable<ChainFinding> {
  const walk: Walk = { parts, replayed: new ReplayedState(), before: undefined };
  yield* verifyBlocks(walk, onBlock);
  if (walk.before === undefined) yield { kind: 'chain', detail: 'there are no blocks' };
  const { store } = parts;
  const state: KeptState<VersionedEntry> = {
    range: (start, end, limit) => store.range(start, end, limit),
    getMany: async (keys) => (await store.getMany(keys)).values(),
  };
  // a block that cannot be read leaves open what it wrote; then only entries that no block wrote are named
  yield* compareState(state, walk.replayed, () => verifyBlocks(walk, onBlock));
}

interface Walk {
  readonly parts: Parts;
  readonly replayed: ReplayedState;
  /** The block that was verified last. */
  before: { readonly number: number; readonly hash: string; readonly time: number } | undefined;
}

/** The blocks behind the one that was verified last. @returns whether there were some */
async function* verifyBlocks(walk: Walk, onBlock?: (block: number) => void): AsyncGenerator<ChainFinding, boolean> {
  const start = walk.before;
  for (;;) {
    const page = await walk.parts.store.blocks((walk.before?.number ?? -1) + 1, pageBlocks, pageBytes);
    if (page.length === 0) return walk.before !== start;
    for (const stored of page) {
      const next = yield* verifyBlock(walk, stored);
      walk.before = { number: stored.number, ...next };
      onBlock?.(stored.number);
    }
  }
}

async function* verifyBlock(
  { parts, before, replayed }: Walk,
  stored: StoredBlock,
): AsyncGenerator<ChainFinding, { hash: string; time: number }> {
  const { region, signing } = parts;
  const number = stored.number;
  if (number !== (before?.number ?? -1) + 1)
    yield { kind: 'chain', block: number, detail: 'blocks before it are missing' };
  const read = readBlock(region, signing, stored.text);
  if (isFault(read)) {
    yield { ...read, block: number };
    replayed.lose();
    return { hash: stored.hash, time: before?.time ?? 0 };
  }
  const { block, hash } = read;
  if (hash !== stored.hash) yield { kind: 'block', block: number, detail: 'the hash kept beside it is another' };
  const fault = before && checkPlace(block, before);
  if (fault) yield { ...fault, block: number };
  yield* verifyCommitSignature(parts, stored, hash);
  try {
    const judged =
      number === 0
        ? judgeGenesis(parts, stored)
        : await validateTransactions(region, signing, replayed, number, block.transactions);
    yield* compareCodes(stored, judged, replayed.lost);
    replayed.apply(number, judged);
  } catch {
    yield { kind: 'transaction', block: number, detail: 'the transactions cannot be replayed' };
    replayed.lose();
  }
  return { hash, time: block.header.time };
}

function* verifyCommitSignature(
  { signing, institution }: Parts,
  stored: StoredBlock,
  hash: string,
): Iterable<ChainFinding> {
  const { number, codes, signature } = stored;
  if (signing.holds(institution, 'commit', { institution, number, hash, codes }, signature)) return;
  yield { kind: 'signature', block: number, detail: `what was committed is not signed by ${institution}` };
}

function judgeGenesis(
  { region, signing }: Parts,
  { text }: StoredBlock,
): Pick<BlockCommit, 'ids' | 'codes' | 'writes'> {
  const { proposal, outcome } = readGenesis(region, text);
  const writes = outcome.rwset.writes.map((write) => ({ ...write, index: 0 }));
  return { ids: [signing.hash('proposal', proposal)], codes: ['valid'], writes };
}

/** After a block that could not be read, a race that replays as lost proves nothing. */
function* compareCodes(
  stored: StoredBlock,
  { codes, ids }: Pick<BlockCommit, 'ids' | 'codes'>,
  lost: boolean,
): Iterable<ChainFinding> {
  for (const [index, code] of codes.entries()) {
    const kept = stored.codes[index];
    const open = lost && (code === 'mvcc-conflict' || code === 'phantom-read');
    if (kept === code || open) continue;
    const detail = `kept as ${kept ?? 'nothing'}, replays as ${code}`;
    yield { kind: 'transaction', block: stored.number, id: ids[index]!, detail };
  }
}
