import type { ChainStore, VersionedEntry } from './chain-store.js';

/** Gathers the reads of one turn of the event loop into one query; a batch of a hundred anchors asks once. */
export class StateReads {
  readonly #store: Pick<ChainStore, 'getMany'>;
  #next: { keys: Set<string>; found: Promise<ReadonlyMap<string, VersionedEntry>> } | undefined;

  constructor(store: Pick<ChainStore, 'getMany'>) {
    this.#store = store;
  }

  async get(key: string): Promise<VersionedEntry | undefined> {
    this.#next ??= this.#gather();
    this.#next.keys.add(key);
    return (await this.#next.found).get(key);
  }

  #gather() {
    const keys = new Set<string>();
    const found = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.#next = undefined;
      return this.#store.getMany([...keys]);
    });
    return { keys, found };
  }
}
