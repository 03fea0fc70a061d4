import { isProblem } from '@medshare/problems';
import type { Chaincode, ChaincodeEvent, Entry, State } from '@medshare/chaincode-region';
import type { ChainStore, VersionedEntry } from './chain-store.js';
import type { Outcome, Proposal, ReadWriteSet, StateVersion } from './messages.js';
import { StateReads } from './state-reads.js';

const byKey = <T extends { key: string }>(a: T, b: T): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Executes a proposal on the committed state and says what it read, would write and answers. Nothing is written. A Problem thrown by the
 * chaincode is an outcome like any other; anything else it throws is a fault and is thrown on, and so is whatever the store throws: a
 * member whose database is away has no result, and must not sign one.
 */
export async function simulate(
  chaincode: Chaincode,
  store: Pick<ChainStore, 'getMany' | 'range'>,
  proposal: Proposal,
  txId: string,
): Promise<Outcome> {
  const recorder = new Recorder(store);
  const events: ChaincodeEvent[] = [];
  const { function: name, creator, time } = proposal;
  const run = Object.hasOwn(chaincode.functions, name) ? chaincode.functions[name] : undefined;
  if (run === undefined) return { kind: 'refused', code: 'ledger.refused', detail: 'there is no such function' };
  try {
    const context = { txId, time, creator, state: recorder, emit: (event: ChaincodeEvent) => void events.push(event) };
    const response = await run(context, proposal.args);
    if (recorder.faults.length > 0) throw recorder.faults[0];
    return { kind: 'done', rwset: recorder.rwset(), response: mutable(response), events: mutable(events) };
  } catch (caught) {
    if (recorder.faults.length > 0) throw recorder.faults[0];
    if (!isProblem(caught)) throw caught;
    const { code, where, detail } = caught;
    return { kind: 'refused', code, ...(where !== undefined && { where }), ...(detail !== undefined && { detail }) };
  }
}

const mutable = <T>(value: unknown): T => structuredClone(value) as T;

/** A state that remembers what was read, and keeps writes to itself: a transaction never sees them. */
class Recorder implements State {
  readonly #reads = new Map<string, StateVersion>();
  readonly #ranges: ReadWriteSet['ranges'] = [];
  readonly #writes = new Map<string, string | null>();
  readonly #store: Pick<ChainStore, 'range'>;
  readonly #loader: StateReads;
  /** What the store threw, however the chaincode took it. */
  readonly faults: unknown[] = [];

  constructor(store: Pick<ChainStore, 'getMany' | 'range'>) {
    this.#store = store;
    this.#loader = new StateReads(store);
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const found = await this.#reading(this.#loader.get(key));
    this.#reads.set(key, found?.version ?? null);
    return found?.value;
  }

  put(key: string, value: Uint8Array): void {
    this.#writes.set(key, utf8.decode(value));
  }

  del(key: string): void {
    this.#writes.set(key, null);
  }

  async range(start: string, end: string): Promise<readonly Entry[]> {
    const found = await this.#reading(this.#store.range(start, end));
    const reads = found.map(({ key, version }: VersionedEntry) => ({ key, version }));
    this.#ranges.push({ start, end, reads });
    return found;
  }

  async #reading<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (caught) {
      this.faults.push(caught);
      throw caught;
    }
  }

  rwset(): ReadWriteSet {
    const reads = [...this.#reads].map(([key, version]) => ({ key, version })).sort(byKey);
    const writes = [...this.#writes].map(([key, value]) => ({ key, value })).sort(byKey);
    const ranges = [...this.#ranges].sort((a, b) =>
      byKey({ key: `${a.start} ${a.end}` }, { key: `${b.start} ${b.end}` }),
    );
    return { reads, ranges, writes };
  }
}
