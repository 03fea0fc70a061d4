import type { Database } from '@medshare/database';
import { problem } from '@medshare/problems';
import { decodeMessage, type BusMessage, type EncodedMessage } from '@medshare/bus';
import { fenced } from './fence.js';
import { Inbox } from './inbox.js';
import { Outbox } from './outbox.js';

/** A message of the streams it names, the first its own. */
export interface Planned {
  readonly n: number;
  readonly keys: readonly string[];
}

const event = ({ n, keys }: Planned): BusMessage[] => {
  const [key = '', ...others] = keys;
  return fenced({ id: `m${n}`, topic: 'record.received', key, headers: {}, value: { n } }, others);
};

/** A role whose deliveries come stream by stream in any order, some twice, with effects that fail until somebody mends them. */
export class InterleavedRole {
  readonly #queues = new Map<string, BusMessage[]>();
  readonly #inbox: Inbox;
  readonly #outbox = new Outbox();
  readonly #effects: number[] = [];

  /** @param broken numbers of messages whose effect fails */
  constructor(
    private readonly db: Database,
    readonly broken: Set<number>,
  ) {
    this.#inbox = new Inbox({ database: db, pause: 1, attempts: 1 });
  }

  get effects(): readonly number[] {
    return this.#effects;
  }

  get parked() {
    return this.#inbox.parked;
  }

  /** @param stripped leaves the other streams of every message out: the planted defect */
  async send(plan: readonly Planned[], { stripped = false } = {}): Promise<void> {
    for (const each of plan) {
      const messages = stripped ? event({ ...each, keys: each.keys.slice(0, 1) }) : event(each);
      await this.db.transaction((tx) => this.#outbox.append(tx, messages));
    }
  }

  /** Delivers the next message of a stream that has one. @returns whether there was any */
  async deliver(choose: (streams: readonly string[]) => string, again: () => boolean): Promise<boolean> {
    await this.#collect();
    const ready = [...this.#queues].filter(([, queue]) => queue.length > 0).map(([key]) => key);
    if (ready.length === 0) return false;
    const queue = this.#queues.get(choose(ready.sort())) ?? [];
    const [message] = queue;
    if (message === undefined) return true;
    await this.#consume(message);
    if (!again()) queue.shift();
    return true;
  }

  async #collect(): Promise<void> {
    const { rows } = await this.db.query<EncodedMessage & { seq: string }>(
      'WITH gone AS (DELETE FROM outbox RETURNING *) SELECT * FROM gone ORDER BY seq',
    );
    for (const message of rows.map(decodeMessage))
      this.#queues.set(message.key, [...(this.#queues.get(message.key) ?? []), message]);
  }

  async #consume(message: BusMessage): Promise<void> {
    const { n } = message.value as { n: number };
    await this.#inbox.consume(message, async (tx) => {
      if (this.broken.has(n)) throw problem('record.unmappable');
      await tx.query('SELECT 1');
      this.#effects.push(n);
    });
  }
}

/** What an order of effects breaks: every message before another in a stream comes before it. */
export function violations(plan: readonly Planned[], effects: readonly number[]): string[] {
  const place = new Map(effects.map((n, at) => [n, at]));
  const found: string[] = effects.length === new Set(effects).size ? [] : ['an effect twice'];
  const missing = plan.filter(({ n }) => !place.has(n)).map(({ n }) => n);
  if (missing.length > 0) found.push(`never done: ${missing.join(', ')}`);
  for (const [at, earlier] of plan.entries())
    for (const later of plan.slice(at + 1)) {
      const shared = earlier.keys.some((key) => later.keys.includes(key));
      if (shared && (place.get(earlier.n) ?? -1) > (place.get(later.n) ?? Infinity))
        found.push(`${later.n} before ${earlier.n}`);
    }
  return found;
}
