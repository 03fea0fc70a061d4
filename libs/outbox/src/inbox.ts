import { setTimeout as sleep } from 'node:timers/promises';
import type { BusMessage } from '@medshare/bus';
import type { Database, Tx } from '@medshare/database';
import { asProblem, isProblem, Problem } from '@medshare/problems';
import { fenceOf, halvesOf, type Fence } from './fence.js';
import * as store from './inbox-store.js';
import { Outbox } from './outbox.js';
import { ParkedEvents, release, type ParkedEvent } from './parked-events.js';

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

/** The event cannot be parked now: the bus keeps it. */
class NotParked extends Problem {}

/**
 * One effect an event: its id is remembered in the transaction of its effect. What cannot be done is parked, and its key behind it.
 * An event that fences several streams is done once, when it stands at the head of each.
 */
export class Inbox {
  /** What waits for a person, and what they can do about it. */
  readonly parked: ParkedEvents;
  readonly #options: Required<Omit<InboxOptions, 'onParked'>> & Pick<InboxOptions, 'onParked'>;
  readonly #outbox = new Outbox();

  constructor(options: InboxOptions) {
    this.#options = { attempts: 3, pause: 50, maxParkedOfKey: 1_000, maxParked: 10_000, ...options };
    this.parked = new ParkedEvents(options.database, this.#outbox, this.#options);
  }

  /**
   * Does the effect once. Resolves when it is done, was done before, is parked, or waits for the other streams of its fence.
   * @throws what is transient, and `event.parked` when no more can be parked: the bus then tries again
   */
  async consume(message: BusMessage, effect: Effect, { consumer = '' }: ConsumeOptions = {}): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(message, effect, consumer);
      } catch (caught) {
        if (isTransient(caught) || caught instanceof NotParked) throw caught;
        if (attempt >= this.#options.attempts) return await this.#park(message, caught, consumer);
        await sleep(this.#options.pause * 2 ** (attempt - 1));
      }
    }
  }

  /** Oldest first. */
  listParked(limit = 100): Promise<ParkedEvent[]> {
    return this.parked.find({ limit });
  }

  /** Forgets ids seen before an instant (ms). Only what the bus cannot deliver any more may be forgotten. */
  async forgetBefore(instant: number): Promise<number> {
    const { rowCount } = await this.#options.database.query('DELETE FROM inbox WHERE at < $1', [new Date(instant)]);
    return rowCount ?? 0;
  }

  #once(message: BusMessage, effect: Effect, consumer: string): Promise<void> {
    const fence = fenceOf(message);
    return this.#options.database.transaction(async (tx) => {
      await store.lockKeys(tx, consumer, fence?.keys ?? [message.key]);
      if (fence) return this.#onceFenced(tx, message, effect, { consumer, fence });
      const todo = (await store.enter(tx, consumer, message)) || (await this.#enterParkedKey(tx, message, consumer));
      if (todo) await effect(tx);
    });
  }

  /** For a key with parked events, or a known event. @returns whether this is the first parked one, on its way again */
  async #enterParkedKey(tx: Tx, message: BusMessage, consumer: string): Promise<boolean> {
    if (await store.isDone(tx, consumer, message.id)) return false;
    if (!(await this.#atHead(tx, message, consumer))) return false;
    await store.unpark(tx, consumer, [message.id]);
    return store.remember(tx, consumer, message.id);
  }

  /** Whether nothing of its key is before it; else it is parked behind. */
  async #atHead(tx: Tx, message: BusMessage, consumer: string): Promise<boolean> {
    const parked = await store.parkedOf(tx, consumer, message.key, this.#options.maxParkedOfKey);
    if (parked.length === 0) return true;
    const own = parked.find(({ id }) => id === message.id);
    if (own) return own === parked[0] && own.state === 'replaying';
    await this.#parkBehind(tx, message, consumer, parked);
    return false;
  }

  /** The half that comes last does the effect, and lets the streams of the others go on. */
  async #onceFenced(
    tx: Tx,
    message: BusMessage,
    effect: Effect,
    { consumer, fence }: { consumer: string; fence: Fence },
  ): Promise<void> {
    if (await store.isDone(tx, consumer, message.id)) return;
    if (!(await this.#atHead(tx, message, consumer))) return;
    // the event itself was given up: nothing is left to wait for
    if (message.id !== fence.id && (await store.isDone(tx, consumer, fence.id))) {
      await store.unpark(tx, consumer, [message.id]);
      await store.remember(tx, consumer, message.id);
      return;
    }
    const halves = halvesOf(fence);
    const arrived = await store.arrivedHalves(tx, consumer, { id: fence.id, halves: [...halves.values()] });
    arrived.add(message.id);
    if ([...halves.values()].every((id) => arrived.has(id))) {
      await store.unpark(tx, consumer, [...halves.values()]);
      for (const id of halves.values()) await store.remember(tx, consumer, id);
      await effect(tx);
      const others = fence.keys.filter((key) => key !== message.key);
      await release(tx, this.#outbox, consumer, others);
    } else await this.#wait(tx, message, { consumer, fence });
  }

  /** At the head of its stream, for the other streams. */
  async #wait(tx: Tx, message: BusMessage, { consumer, fence }: { consumer: string; fence: Fence }): Promise<void> {
    await this.#checkRoom(tx, 0);
    await store.park(tx, consumer, message, { code: 'event.fenced', state: 'waiting', fence });
    await store.hold(tx, consumer, message.key, 'waiting');
  }

  async #parkBehind(tx: Tx, message: BusMessage, consumer: string, parked: readonly store.ParkedRow[]): Promise<void> {
    await this.#checkRoom(tx, parked.length);
    // while its key is on its way again, it goes the same way after the others
    const replaying = parked.some((each) => each.state === 'replaying');
    const state = replaying ? 'replaying' : parked[0]?.state === 'waiting' ? 'waiting' : 'parked';
    const code = state === 'waiting' ? 'event.fenced' : 'event.parked';
    await store.park(tx, consumer, message, { code, state, fence: fenceOf(message) });
    if (replaying) await this.#outbox.append(tx, [message]);
    if (state !== 'waiting') this.#options.onParked?.({ topic: message.topic, code });
  }

  async #park(message: BusMessage, caught: unknown, consumer: string): Promise<void> {
    const { code, where } = asProblem(caught);
    const fence = fenceOf(message);
    await this.#options.database.transaction(async (tx) => {
      await store.lockKeys(tx, consumer, fence?.keys ?? [message.key]);
      if (await store.isDone(tx, consumer, message.id)) return;
      const parked = await store.parkedOf(tx, consumer, message.key, this.#options.maxParkedOfKey);
      if (!parked.some(({ id }) => id === message.id)) await this.#checkRoom(tx, parked.length);
      if (fence && message.id !== fence.id) {
        // the reason stands with the event itself: replaying its stream tries it again
        await this.#wait(tx, message, { consumer, fence });
        if (!(await store.noteReason(tx, consumer, fence.id, { code, where })))
          throw new NotParked('event.parked', { detail: 'its fence changed meanwhile' });
      } else await store.park(tx, consumer, message, { code, where, state: 'parked', fence });
      await store.hold(tx, consumer, fence?.keys[0] ?? message.key, 'parked');
    });
    this.#options.onParked?.({ topic: message.topic, code });
  }

  async #checkRoom(tx: Tx, ofKey: number): Promise<void> {
    if (ofKey < this.#options.maxParkedOfKey && (await store.countParked(tx)) < this.#options.maxParked) return;
    throw new NotParked('event.parked', { detail: 'no more events can be parked' });
  }
}
