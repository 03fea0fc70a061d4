import { setTimeout as sleep } from 'node:timers/promises';
import type { BusMessage } from '@medshare/bus';
import type { Database, Tx } from '@medshare/database';
import { asProblem, isProblem, problem, Problem } from '@medshare/problems';
import * as store from './inbox-store.js';
import { Outbox } from './outbox.js';

export interface InboxOptions {
  /** the role's schema */
  readonly database: Database;
  /** how often an event is tried in all before it is parked; default 3 */
  readonly attempts?: number;
  /** pause before the second attempt, doubled each time; default 50 ms */
  readonly pause?: number;
  /** most parked events of one key; default 1000 */
  readonly maxParkedOfKey?: number;
  /** most parked events in all; default 10000. Past a limit the bus keeps the event and tries again: visible as lag, nothing is dropped */
  readonly maxParked?: number;
  /** told of every event that is parked: for a counter and an alert */
  readonly onParked?: (event: { topic: string; code: string }) => void;
}

export interface ConsumeOptions {
  /** who consumes, when a role hears one topic in several groups; default '' */
  readonly consumer?: string;
}

export type Effect = (tx: Tx) => Promise<unknown>;

/** Ways of failing that a later try may cure without anybody's help: the bus tries again, for as long as it takes. */
export const isTransient = (caught: unknown): boolean =>
  isProblem(caught) && ([408, 429, 503].includes(caught.status) || caught.code === 'ledger.conflict');

/** The limit of parked events: the bus keeps the event. */
class ParkedFull extends Problem {}

/** One effect an event: its id is remembered in the transaction of its effect. What cannot be done is parked, and its key behind it. */
export class Inbox {
  readonly #options: Required<Omit<InboxOptions, 'onParked'>> & Pick<InboxOptions, 'onParked'>;
  readonly #outbox = new Outbox();

  constructor(options: InboxOptions) {
    this.#options = { attempts: 3, pause: 50, maxParkedOfKey: 1_000, maxParked: 10_000, ...options };
  }

  /**
   * Does the effect once. Resolves when it is done, was done before, or is parked.
   * @throws what is transient, and `event.parked` when no more can be parked: the bus then tries again
   */
  async consume(message: BusMessage, effect: Effect, { consumer = '' }: ConsumeOptions = {}): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(message, effect, consumer);
      } catch (caught) {
        if (isTransient(caught) || caught instanceof ParkedFull) throw caught;
        if (attempt >= this.#options.attempts) return await this.#park(message, caught, consumer);
        await sleep(this.#options.pause * 2 ** (attempt - 1));
      }
    }
  }

  /** Sends what is parked of a key on its way again, in order, through the outbox. @returns how many events */
  replay(key: string, { consumer = '' }: ConsumeOptions = {}): Promise<number> {
    return this.#options.database.transaction(async (tx) => {
      await store.lockKey(tx, consumer, key);
      const messages = await store.takeForReplay(tx, consumer, key);
      await this.#outbox.append(tx, messages);
      return messages.length;
    });
  }

  /** Gives an event up for good: it counts as done, with the reason kept. @throws Problem `request.not-found` when it is not parked */
  async skip(id: string, reason: string): Promise<void> {
    const text = reason.trim();
    if (text.length === 0 || text.length > 1_000)
      throw problem('request.invalid', { where: 'reason', detail: '1 to 1000 characters' });
    await this.#options.database.transaction(async (tx) => {
      const gone = await store.noteSkipped(tx, id, text);
      if (gone.length === 0) throw problem('request.not-found', { where: 'id' });
      for (const { consumer } of gone) await store.remember(tx, consumer, id);
    });
  }

  /** Oldest first. */
  listParked(limit = 100): Promise<store.ParkedEvent[]> {
    return store.listParked(this.#options.database, limit);
  }

  /** Forgets ids seen before an instant (ms). Only what the bus cannot deliver any more may be forgotten. */
  async forgetBefore(instant: number): Promise<number> {
    const { rowCount } = await this.#options.database.query('DELETE FROM inbox WHERE at < $1', [new Date(instant)]);
    return rowCount ?? 0;
  }

  #once(message: BusMessage, effect: Effect, consumer: string): Promise<void> {
    return this.#options.database.transaction(async (tx) => {
      await store.lockKey(tx, consumer, message.key);
      const todo = (await store.enter(tx, consumer, message)) || (await this.#enterParkedKey(tx, message, consumer));
      if (todo) await effect(tx);
    });
  }

  /** For a key with parked events, or a known event. @returns whether this is the first parked one, on its way again */
  async #enterParkedKey(tx: Tx, message: BusMessage, consumer: string): Promise<boolean> {
    if (await store.isDone(tx, consumer, message.id)) return false;
    const parked = await store.parkedOf(tx, consumer, message.key, this.#options.maxParkedOfKey);
    const own = parked.find(({ id }) => id === message.id);
    if (own && own === parked[0] && own.state === 'replaying') {
      await store.unpark(tx, consumer, message.id);
      return store.remember(tx, consumer, message.id);
    }
    if (!own) await this.#parkBehind(tx, message, consumer, parked);
    return false;
  }

  async #parkBehind(tx: Tx, message: BusMessage, consumer: string, parked: readonly store.ParkedRow[]): Promise<void> {
    await this.#checkRoom(tx, parked.length);
    // while its key is on its way again, it goes the same way after the others
    const replaying = parked.some(({ state }) => state === 'replaying');
    const state = replaying ? 'replaying' : 'parked';
    await store.park(tx, consumer, message, { code: 'event.parked', where: undefined, state });
    if (replaying) await this.#outbox.append(tx, [message]);
    this.#options.onParked?.({ topic: message.topic, code: 'event.parked' });
  }

  async #park(message: BusMessage, caught: unknown, consumer: string): Promise<void> {
    const { code, where } = asProblem(caught);
    await this.#options.database.transaction(async (tx) => {
      await store.lockKey(tx, consumer, message.key);
      const parked = await store.parkedOf(tx, consumer, message.key, this.#options.maxParkedOfKey);
      if (!parked.some(({ id }) => id === message.id)) await this.#checkRoom(tx, parked.length);
      await store.park(tx, consumer, message, { code, where, state: 'parked' });
      await store.stopReplay(tx, consumer, message.key);
    });
    this.#options.onParked?.({ topic: message.topic, code });
  }

  async #checkRoom(tx: Tx, ofKey: number): Promise<void> {
    if (ofKey < this.#options.maxParkedOfKey && (await store.countParked(tx)) < this.#options.maxParked) return;
    throw new ParkedFull('event.parked', { detail: 'no more events can be parked' });
  }
}
