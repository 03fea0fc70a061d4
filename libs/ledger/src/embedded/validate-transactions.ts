import type { Region } from '@medshare/events/chain';
import type { ValidationCode } from '../ledger.port.js';
import { canonicalText, type ChainSigning } from '../chain-signing.js';
import type { BlockCommit, ChainStore, VersionedEntry } from './chain-store.js';
import { transaction as shape, type StateVersion, type Transaction } from './messages.js';

export interface Verdict {
  readonly id: string;
  readonly code: ValidationCode;
}

/** Codes that use up a transaction's id. A copy with a broken signature does not, or whoever sees a proposal could burn it. */
const executedCodes: ReadonlySet<ValidationCode> = new Set(['valid', 'mvcc-conflict', 'phantom-read']);

type Reads = Pick<ChainStore, 'getMany' | 'range' | 'transactions'>;

interface Candidate {
  readonly id: string;
  readonly index: number;
  readonly transaction: Transaction | undefined;
  readonly code: ValidationCode | undefined;
}

/**
 * Judges a block's transactions in order, as every member does by itself: signatures and endorsement policy, then the versions that each
 * read against the state before the block and the valid writes before it inside the block.
 */
export async function validateTransactions(
  region: Region,
  signing: ChainSigning,
  store: Reads,
  number: number,
  transactions: readonly unknown[],
): Promise<Pick<BlockCommit, 'ids' | 'codes' | 'writes'>> {
  const candidates = transactions.map((given, index) => checkAlone(region, signing, given, index));
  const known = await store.transactions(candidates.map(({ id }) => id));
  const seen = new Set([...known].filter(([, { code }]) => executedCodes.has(code)).map(([id]) => id));
  const versions = await StateVersions.load(store, candidates);
  const codes: ValidationCode[] = [];
  for (const candidate of candidates) {
    const code = seen.has(candidate.id) ? 'duplicate' : (candidate.code ?? (await versions.check(candidate)));
    if (executedCodes.has(code)) seen.add(candidate.id);
    codes.push(code);
    if (code === 'valid') versions.apply(candidate, number);
  }
  return { ids: candidates.map(({ id }) => id), codes, writes: versions.writes };
}

/** What a transaction shows by itself: shape, its creator's signature, its endorsements. */
export function checkAlone(region: Region, signing: ChainSigning, given: unknown, index: number): Candidate {
  const parsed = shape.safeParse(given);
  if (!parsed.success || parsed.data.proposal.region !== region.region) {
    return { id: signing.hash('proposal', given), index, transaction: undefined, code: 'malformed' };
  }
  const transaction = parsed.data;
  const { proposal, signature } = transaction;
  const id = signing.hash('proposal', proposal);
  if (!signing.holds(proposal.creator, 'proposal', proposal, signature))
    return { id, index, transaction, code: 'bad-signature' };
  const code = policyMet(region, signing, transaction, id) ? undefined : 'policy-not-met';
  return { id, index, transaction, code };
}

/** Enough members signed this outcome of this proposal, having run one chaincode. */
function policyMet(region: Region, signing: ChainSigning, { endorsements, outcome }: Transaction, id: string): boolean {
  const outcomeHash = signing.hash('outcome', outcome);
  const chaincode = endorsements[0]?.chaincode;
  const signers = new Set<string>();
  for (const { signature, ...content } of endorsements) {
    const fits = content.proposal === id && content.outcome === outcomeHash && content.chaincode === chaincode;
    if (fits && signing.holds(content.institution, 'endorsement', content, signature)) signers.add(content.institution);
  }
  return signers.size >= region.endorsements;
}

/** Versions before the block, overlaid with the writes of the valid transactions so far. */
class StateVersions {
  readonly writes: { key: string; value: string | null; index: number }[] = [];
  readonly #overlay = new Map<string, StateVersion>();
  readonly #store: Reads;
  readonly #before: ReadonlyMap<string, VersionedEntry>;

  private constructor(store: Reads, before: ReadonlyMap<string, VersionedEntry>) {
    this.#store = store;
    this.#before = before;
  }

  static async load(store: Reads, candidates: readonly Candidate[]): Promise<StateVersions> {
    const reads = candidates.flatMap(({ transaction }) => transaction?.outcome.rwset.reads ?? []);
    return new StateVersions(store, await store.getMany([...new Set(reads.map(({ key }) => key))]));
  }

  async check({ transaction }: Candidate): Promise<ValidationCode> {
    const { reads, ranges } = transaction!.outcome.rwset;
    const current = reads.every(({ key, version }) => sameVersion(version, this.#versionOf(key)));
    if (!current) return 'mvcc-conflict';
    for (const { start, end, reads: seen } of ranges) {
      if (canonicalText(await this.#range(start, end)) !== canonicalText(seen)) return 'phantom-read';
    }
    return 'valid';
  }

  apply({ transaction, index }: Candidate, number: number): void {
    for (const { key, value } of transaction!.outcome.rwset.writes) {
      this.#overlay.set(key, value === null ? null : [number, index]);
      this.writes.push({ key, value, index });
    }
  }

  #versionOf(key: string): StateVersion {
    const written = this.#overlay.get(key);
    return written === undefined ? (this.#before.get(key)?.version ?? null) : written;
  }

  async #range(start: string, end: string) {
    const found = new Map(
      (await this.#store.range(start, end)).map(({ key, version }) => [key, version as StateVersion]),
    );
    for (const [key, version] of this.#overlay) if (start <= key && key < end) found.set(key, version);
    return [...found]
      .filter(([, version]) => version !== null)
      .map(([key, version]) => ({ key, version }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }
}

const sameVersion = (a: StateVersion, b: StateVersion): boolean =>
  a === null || b === null ? a === b : a[0] === b[0] && a[1] === b[1];
