import { createHash } from 'node:crypto';
import type { BlockCommit, ChainStore, StoredTransaction, VersionedEntry } from './chain-store.js';

const nothing = new Uint8Array();
const digest = (value: string | Uint8Array): string => createHash('sha256').update(value).digest('base64url');

/** What the blocks read so far come to: per key the version and a digest of the value, sorted only when a range is asked for. */
export class ReplayedState implements Pick<ChainStore, 'getMany' | 'range' | 'transactions'> {
  readonly #entries = new Map<string, { version: VersionedEntry['version']; digest: string }>();
  readonly #transactions = new Map<string, StoredTransaction>();
  #sorted: string[] | undefined;
  #lost = false;

  /** A block could not be read: what it wrote is unknown. */
  lose(): void {
    this.#lost = true;
  }

  get lost(): boolean {
    return this.#lost;
  }

  apply(number: number, { ids, codes, writes }: Pick<BlockCommit, 'ids' | 'codes' | 'writes'>): void {
    for (const { key, value, index } of writes) {
      if (!this.#entries.has(key) || value === null) this.#sorted = undefined;
      if (value === null) this.#entries.delete(key);
      else this.#entries.set(key, { version: [number, index], digest: digest(value) });
    }
    ids.forEach((id, index) => {
      if (codes[index] !== 'duplicate') this.#transactions.set(id, { block: number, index, code: codes[index]! });
    });
  }

  keys(): Set<string> {
    return new Set(this.#lost ? [] : this.#entries.keys());
  }

  /** @returns what is wrong with an entry of the state */
  differs({ key, value, version }: VersionedEntry): string | undefined {
    const replayed = this.#entries.get(key);
    if (replayed === undefined) return this.#lost ? undefined : 'no block writes it';
    if (this.#lost && (replayed.version[0] !== version[0] || replayed.version[1] !== version[1])) return undefined;
    if (replayed.digest !== digest(value)) return 'its value is not the one that the blocks write';
    const same = replayed.version[0] === version[0] && replayed.version[1] === version[1];
    return same ? undefined : 'its version is not the one that the blocks give';
  }

  getMany(keys: readonly string[]): Promise<ReadonlyMap<string, VersionedEntry>> {
    const found = keys.flatMap((key) => this.#entry(key));
    return Promise.resolve(new Map(found.map((entry) => [entry.key, entry])));
  }

  range(start: string, end: string): Promise<readonly VersionedEntry[]> {
    this.#sorted ??= [...this.#entries.keys()].sort();
    const from = lowerBound(this.#sorted, start);
    const to = lowerBound(this.#sorted, end);
    return Promise.resolve(this.#sorted.slice(from, to).flatMap((key) => this.#entry(key)));
  }

  transactions(ids: readonly string[]): Promise<ReadonlyMap<string, StoredTransaction>> {
    const found = ids.flatMap((id) => {
      const one = this.#transactions.get(id);
      return one === undefined ? [] : [[id, one] as const];
    });
    return Promise.resolve(new Map(found));
  }

  #entry(key: string): VersionedEntry[] {
    const found = this.#entries.get(key);
    return found === undefined ? [] : [{ key, value: nothing, version: found.version }];
  }
}

/** Index of the first key that is not below `key`; keys are ASCII, so string order is byte order. */
function lowerBound(sorted: readonly string[], key: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
