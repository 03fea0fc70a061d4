import type { ChainFinding } from './ledger.port.js';

const pageEntries = 1000;
const absent = 'the blocks write it, the state does not have it';

/** What the blocks read so far come to. */
export interface Replayed<Entry> {
  /** Of all entries that must be there. */
  keys(): ReadonlySet<string>;
  /** @returns what is wrong with an entry of the state */
  differs(entry: Entry): string | undefined;
}

export interface KeptState<Entry> {
  range(start: string, end: string, limit: number): Promise<readonly Entry[]>;
  getMany(keys: readonly string[]): Promise<Iterable<Entry>>;
}

/**
 * Compares the state that a copy keeps with what its blocks come to. The copy may take up blocks meanwhile: what differs is compared again when
 * these were replayed too, until none came in between.
 *
 * @param catchUp replays the blocks that were taken up since; true when there were some
 */
export async function* compareState<Entry extends { readonly key: string }>(
  state: KeptState<Entry>,
  replayed: Replayed<Entry>,
  catchUp: () => AsyncGenerator<ChainFinding, boolean>,
): AsyncGenerator<ChainFinding> {
  let differing = await compareAll(state, replayed);
  while (differing.size > 0 && (yield* catchUp()))
    differing = await compareAgain(state, replayed, [...differing.keys()]);
  for (const [id, detail] of differing) yield { kind: 'state', id, detail };
}

async function compareAll<Entry extends { readonly key: string }>(
  state: KeptState<Entry>,
  replayed: Replayed<Entry>,
): Promise<Map<string, string>> {
  const differing = new Map<string, string>();
  const missing = new Set(replayed.keys());
  for (let start = '!'; ;) {
    const page = await state.range(start, '\u007f', pageEntries);
    for (const entry of page) {
      missing.delete(entry.key);
      note(differing, entry.key, replayed.differs(entry));
    }
    const last = page.at(-1);
    if (last === undefined || page.length < pageEntries) break;
    start = `${last.key}\u0001`;
  }
  for (const key of missing) differing.set(key, absent);
  return differing;
}

async function compareAgain<Entry extends { readonly key: string }>(
  state: KeptState<Entry>,
  replayed: Replayed<Entry>,
  keys: readonly string[],
): Promise<Map<string, string>> {
  const differing = new Map<string, string>();
  const wanted = replayed.keys();
  for (let from = 0; from < keys.length; from += pageEntries) {
    const missing = new Set(keys.slice(from, from + pageEntries));
    for (const entry of await state.getMany([...missing])) {
      missing.delete(entry.key);
      note(differing, entry.key, replayed.differs(entry));
    }
    for (const key of missing) if (wanted.has(key)) differing.set(key, absent);
  }
  return differing;
}

function note(differing: Map<string, string>, key: string, detail: string | undefined): void {
  if (detail !== undefined) differing.set(key, detail);
}
