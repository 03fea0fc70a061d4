import type { Database } from '@medshare/database';
import type { MessageHandler } from '../bus.port.js';
import { apart, handOver, retryDelay } from '../hand-over.js';
import { intakeFirst } from '../intake-first.js';
import { advance, claim, findReady, read, type Place, type Ready } from './log-store.js';

/** One subscription as the dispatcher sees it. */
export interface Consumer {
  readonly group: string;
  readonly topic: string;
  readonly handler: MessageHandler;
  readonly batch: number;
  /** messages of different keys handled at once */
  readonly atOnce: number;
  closed: boolean;
}

export interface DispatcherOptions {
  readonly db: Database;
  /** partitions worked on at once: each holds one connection while it works, none while idle */
  readonly concurrency: number;
  /** how long a missed wake goes unnoticed, ms */
  readonly pollEvery: number;
}

/** a transaction that holds a partition ends after this, however many messages are left */
const HOLD_MS = 1_000;
/** how long a partition that another process holds is left alone */
const ELSEWHERE_MS = 100;

const placeKey = ({ group, topic, partition }: Place) => `${group}\n${topic}\n${partition}`;

/** Looks where messages wait and hands each partition to at most one worker. One loop a process, whatever the number of subscriptions. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #consumers = new Set<Consumer>();
  readonly #active = new Map<string, Promise<void>>();
  /** places not to be tried before an instant of performance.now() */
  readonly #resting = new Map<string, number>();
  readonly #served = new Map<string, number>();
  #turns = 0;
  #wake: () => void = () => undefined;
  #woken = false;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  add(consumer: Consumer): void {
    this.#consumers.add(consumer);
    this.#running ??= this.#run();
    this.wake();
  }

  async remove(consumer: Consumer): Promise<void> {
    consumer.closed = true;
    this.#consumers.delete(consumer);
    const own = [...this.#active].filter(([key]) => key.startsWith(`${consumer.group}\n${consumer.topic}\n`));
    await Promise.all(own.map(([, work]) => work));
  }

  wake(): void {
    this.#woken = true;
    this.#wake();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const consumer of this.#consumers) consumer.closed = true;
    this.wake();
    await this.#running;
    await Promise.all(this.#active.values());
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      await intakeFirst.turn();
      this.#woken = false;
      const pause = await this.#look().catch(() => this.#options.pollEvery);
      if (!this.#woken && !this.#closed) await this.#rest(pause);
    }
  }

  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Starts what can be started. @returns ms until something may be ready without a wake */
  async #look(): Promise<number> {
    const consumers = [...this.#consumers];
    if (consumers.length === 0 || this.#active.size >= this.#options.concurrency) return this.#options.pollEvery;
    const ready = await findReady(
      this.#options.db,
      consumers.map(({ group }) => group),
      consumers.map(({ topic }) => topic),
    );
    // the one served longest ago first, so that a busy partition does not starve the others
    const turn = (place: Place) => this.#served.get(placeKey(place)) ?? 0;
    ready.sort((one, other) => turn(one) - turn(other));
    let pause = this.#options.pollEvery;
    for (const place of ready) {
      const wait = Math.max(place.wait, (this.#resting.get(placeKey(place)) ?? 0) - performance.now());
      if (wait > 0) pause = Math.min(pause, wait + 1);
      else this.#start(place, consumers);
    }
    return pause;
  }

  #start(place: Ready, consumers: readonly Consumer[]): void {
    const key = placeKey(place);
    const consumer = consumers.find(({ group, topic }) => group === place.group && topic === place.topic);
    if (!consumer || consumer.closed || this.#active.has(key) || this.#active.size >= this.#options.concurrency) return;
    this.#resting.delete(key);
    this.#served.set(key, ++this.#turns);
    const work = this.#work(place, consumer)
      .catch(() => false)
      .then((worked) => {
        this.#active.delete(key);
        if (!worked) this.#resting.set(key, performance.now() + ELSEWHERE_MS);
        this.wake();
      });
    this.#active.set(key, work);
  }

  /** One batch of one partition in one transaction, whose row lock keeps every other consumer of the group away. */
  #work(place: Place, consumer: Consumer): Promise<boolean> {
    return this.#options.db.transaction(
      async (tx) => {
        const claimed = await claim(tx, place);
        if (!claimed) return false;
        const { next, messages } = await read(tx, place, claimed.off, consumer.batch);
        if (messages.length === 0) {
          await advance(tx, place, Math.max(next, claimed.off));
          return true;
        }
        let { off, attempts } = claimed;
        const until = performance.now() + HOLD_MS;
        for (const group of apart(messages, consumer.atOnce)) {
          if (consumer.closed || performance.now() > until || intakeFirst.waitMs() > 0) break;
          const { handler } = consumer;
          const failed = await handOver(group, { handler, partition: place.partition, attempts });
          if (failed) {
            const tried = failed.attempt;
            await advance(tx, place, failed.offset, { attempts: tried, delay: retryDelay(tried) });
            return true;
          }
          [off, attempts] = [(group.at(-1)?.offset ?? off) + 1, 0];
        }
        // closed before the first message: what failed before is remembered
        if (off !== claimed.off) await advance(tx, place, off);
        return true;
      },
      { retries: 0 },
    );
  }
}
