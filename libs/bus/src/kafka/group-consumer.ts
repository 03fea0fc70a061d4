import type { Turns } from '@medshare/clock/turns';
import { setTimeout as sleep } from 'node:timers/promises';
import { problem, type Problem } from '@medshare/problems';
import type { Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs';
import type { Delivery, MessageHandler } from '../bus.port.js';
import { apart, handOver, retryDelay, type PlacedMessage } from '../hand-over.js';
import { intakeFirst } from '../intake-first.js';
import { Commits } from './commits.js';
import { kafkaProblem } from './failures.js';
import { fromRecord } from './record.js';
import { HEARTBEAT_MS } from './settings.js';

export interface GroupConsumerOptions {
  /** a new member of the group */
  readonly make: () => Consumer;
  /** as Kafka knows it */
  readonly topic: string;
  /** as the bus knows it */
  readonly name: string;
  readonly handler: MessageHandler;
  /** most messages between two commits */
  readonly batch: number;
  readonly atOnce: number;
  /** Keeps a record that is no event; resolves when it is durable. */
  readonly setAside: (record: KafkaMessage, partition: number, reason: Problem) => Promise<void>;
  readonly onTrouble: (found: Problem) => void;
  /** shared by all consumers of a process: a handler holds connections of its role's pool */
  readonly turns: Turns;
}

/** Partitions of one topic whose records are looked at at once. */
const PARTITIONS_AT_ONCE = 4;
/** What was done is committed after this, however few messages it was. */
const COMMIT_MS = 1_000;
/** A consumer that was not heard by its group for this long is made anew. */
const SILENCE_MS = 40_000;
const WATCH_MS = 5_000;
/** How long a consumer may take to leave; its group misses it anyway. */
const DISCONNECT_MS = 20_000;
/** How long a group is tried to be joined at the start. */
const JOIN_MS = 20_000;
const LONGEST_REOPEN_MS = 5_000;

type Batch = Pick<EachBatchPayload, 'batch' | 'resolveOffset' | 'heartbeat' | 'isRunning' | 'pause'>;

/**
 * One subscription: a member of a Kafka group that commits an offset only after everything below it was done. What a handler rejects
 * pauses its partition until it is tried again, and no other. A consumer that ended or fell silent is replaced.
 */
export class GroupConsumer {
  readonly #options: GroupConsumerOptions;
  #consumer: Consumer | undefined;
  #commits: Commits | undefined;
  /** consumers that crashed or fell silent: they commit nothing more */
  readonly #ended = new WeakSet<Consumer>();
  #closed = false;
  #reopening: Promise<void> | undefined;
  #watch: NodeJS.Timeout | undefined;
  #heardAt = 0;
  readonly #working = new Set<Promise<void>>();
  readonly #resuming = new Set<NodeJS.Timeout>();
  /** partition → the message that failed last, and how often */
  readonly #failures = new Map<number, { offset: number; attempts: number }>();
  /** partition → what follows the last message done since the group was joined */
  readonly #done = new Map<number, number>();

  constructor(options: GroupConsumerOptions) {
    this.#options = options;
  }

  /** Resolves when the group was joined. @throws Problem, at once for what an operator must mend, else when the patience is over */
  async start(): Promise<void> {
    const until = performance.now() + JOIN_MS;
    for (let tries = 1; ; tries++) {
      try {
        await this.#open();
        break;
      } catch (caught) {
        // a coordinator that is just being elected refuses, and a broker may not have heard of a new topic: the library gives up on that
        const found = kafkaProblem(caught, { starting: true });
        const passing = found.code === 'bus.unavailable' || found.where === 'kafka.topics';
        if (!passing || performance.now() > until) throw found;
        await sleep(Math.min(100 * 2 ** tries, LONGEST_REOPEN_MS));
      }
    }
    this.#watch = setInterval(() => this.#look(), WATCH_MS).unref();
  }

  /** Resolves when no handler runs any more and what was done is committed. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#watch);
    for (const timer of this.#resuming) clearTimeout(timer);
    await this.#reopening;
    await Promise.allSettled(this.#working);
    await Promise.race([this.#commits?.now(), sleep(DISCONNECT_MS, undefined, { ref: false })]);
    await this.#discard();
  }

  async #open(): Promise<void> {
    const consumer = this.#options.make();
    const commits = this.#commitsOf(consumer);
    let crash: unknown;
    let running = false;
    const heard = () => (this.#heardAt = performance.now());
    heard();
    const { CRASH, GROUP_JOIN, HEARTBEAT } = consumer.events;
    // not FETCH: a consumer that lost its broker and its membership may fetch nothing, for ever, at full speed
    consumer.on(HEARTBEAT, heard);
    consumer.on(GROUP_JOIN, () => {
      heard();
      this.#done.clear();
      commits.forget();
    });
    consumer.on(CRASH, ({ payload }) => {
      crash = payload.error;
      if (running) this.#reopen(consumer, crash);
    });
    this.#consumer = consumer;
    this.#commits = commits;
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [this.#options.topic], fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
        eachBatch: (payload) => this.#track(this.#work(consumer, commits, payload)),
      });
      // the library resolves although the group could not be joined
      if (crash !== undefined) throw crash as Error;
      running = true;
    } catch (caught) {
      await this.#discard();
      throw caught;
    }
  }

  #commitsOf(consumer: Consumer): Commits {
    const { topic, batch } = this.#options;
    return new Commits({
      everyMs: COMMIT_MS,
      most: batch,
      commit: (reached) => consumer.commitOffsets(reached.map((one) => ({ topic, ...one }))),
    });
  }

  /** Ends the consumer; resolves when none of its handlers runs any more. */
  async #discard(): Promise<void> {
    const consumer = this.#consumer;
    this.#consumer = undefined;
    this.#commits?.close();
    const ended = consumer?.disconnect().catch(() => undefined);
    await Promise.race([ended, sleep(DISCONNECT_MS, undefined, { ref: false })]);
    await Promise.allSettled(this.#working);
  }

  #look(): void {
    const silent = performance.now() - this.#heardAt > SILENCE_MS;
    if (silent && this.#consumer)
      this.#reopen(this.#consumer, problem('bus.unavailable', { where: 'bus', detail: 'no broker answers' }));
  }

  #reopen(consumer: Consumer, why: unknown): void {
    if (this.#closed || this.#reopening || this.#consumer !== consumer) return;
    this.#ended.add(consumer);
    this.#options.onTrouble(kafkaProblem(why));
    this.#reopening = this.#openAgain().finally(() => (this.#reopening = undefined));
  }

  async #openAgain(): Promise<void> {
    await this.#discard();
    for (let tries = 1; !this.#closed; tries++) {
      await sleep(Math.min(100 * 2 ** tries, LONGEST_REOPEN_MS));
      if (this.#closed) return;
      try {
        return await this.#open();
      } catch (caught) {
        this.#options.onTrouble(kafkaProblem(caught));
      }
    }
  }

  async #track(work: Promise<void>): Promise<void> {
    this.#working.add(work);
    try {
      await work;
    } finally {
      this.#working.delete(work);
    }
  }

  /** What one fetch brought of one partition, as far as it goes. */
  async #work(consumer: Consumer, commits: Commits, payload: Batch): Promise<void> {
    const { batch, heartbeat, isRunning } = payload;
    const { partition } = batch;
    this.#tellGap(partition, Number(batch.messages[0]?.offset));
    // the group hears of this member however long a handler takes
    const beating = setInterval(() => void heartbeat().catch(() => undefined), HEARTBEAT_MS);
    try {
      for (const group of this.#runs(batch.messages)) {
        await intakeFirst.turn();
        if (this.#closed || this.#ended.has(consumer) || !isRunning()) break;
        const { next, all } = await this.#options.turns.take(() => this.#do(group, payload));
        await this.#reach(next, commits, payload);
        if (!all) break;
        await heartbeat();
      }
    } finally {
      clearInterval(beating);
    }
  }

  async #reach(next: number, commits: Commits, { batch, resolveOffset }: Batch): Promise<void> {
    const { partition } = batch;
    const before = this.#done.get(partition) ?? Number(batch.messages[0]?.offset);
    this.#done.set(partition, next);
    if (next <= before) return;
    try {
      resolveOffset(String(next - 1));
    } catch {
      // the topic went to other members meanwhile: they read on from what is committed
    }
    await commits.reach(partition, next, next - before);
  }

  /** Runs of messages of different keys, and records that are none. */
  *#runs(records: readonly KafkaMessage[]): Generator<PlacedMessage[] | KafkaMessage> {
    let messages: PlacedMessage[] = [];
    for (const record of records) {
      const message = this.#read(record);
      if (message) messages.push({ offset: Number(record.offset), message });
      else {
        yield* apart(messages, this.#options.atOnce);
        messages = [];
        yield record;
      }
    }
    yield* apart(messages, this.#options.atOnce);
  }

  #read(record: KafkaMessage) {
    try {
      return fromRecord(this.#options.name, record);
    } catch {
      return undefined;
    }
  }

  /** @returns what follows the last message done; when not all were, the partition rests until the next try */
  async #do(group: PlacedMessage[] | KafkaMessage, payload: Batch): Promise<{ next: number; all: boolean }> {
    const { partition } = payload.batch;
    const offsets = Array.isArray(group) ? group.map(({ offset }) => offset) : [Number(group.offset)];
    const known = this.#failures.get(partition);
    const attempts = known?.offset === offsets[0] ? (known?.attempts ?? 0) : 0;
    const failed = Array.isArray(group)
      ? await handOver(group, { handler: this.#options.handler, partition, attempts })
      : await this.#setAside(group, partition, attempts);
    if (!failed) {
      this.#failures.delete(partition);
      return { next: (offsets.at(-1) ?? -1) + 1, all: true };
    }
    this.#failures.set(partition, { offset: failed.offset, attempts: failed.attempt });
    const resume = payload.pause();
    const timer = setTimeout(() => {
      this.#resuming.delete(timer);
      resume();
    }, retryDelay(failed.attempt));
    this.#resuming.add(timer);
    return { next: failed.offset, all: false };
  }

  /** @returns the failure, told too: what cannot be set aside stays, and holds up its partition and no other */
  async #setAside(record: KafkaMessage, partition: number, attempts: number): Promise<Delivery | undefined> {
    const { name, onTrouble, setAside } = this.#options;
    const reason = problem('event.invalid', { where: name, detail: 'the record is no event of this release' });
    try {
      await setAside(record, partition, reason);
      return undefined;
    } catch (caught) {
      const { where, detail = '' } = kafkaProblem(caught);
      const place = `record ${record.offset} of partition ${partition} of ${this.#options.topic}`;
      onTrouble(
        problem('bus.unavailable', {
          ...(where !== undefined && { where }),
          detail: `${place} cannot be set aside, and its partition waits: ${detail}`,
          cause: caught,
        }),
      );
      return { partition, offset: Number(record.offset), attempt: attempts + 1 };
    }
  }

  /** Retention does not wait for consumers: what it took before it was done is told, once it is seen. */
  #tellGap(partition: number, first: number): void {
    const next = this.#done.get(partition);
    if (next === undefined || !(first > next)) return;
    const detail = `offsets ${next} to ${first - 1} of partition ${partition} are gone before they were consumed`;
    this.#options.onTrouble(problem('bus.unavailable', { where: this.#options.topic, detail }));
  }
}
