import { setTimeout as sleep } from 'node:timers/promises';
import { migrateKafka, openKafka, type KafkaBus, type KafkaOptions } from '@medshare/bus/kafka.driver';
import { kafkaClient } from '@medshare/bus/kafka/settings';
import { migrate, openDatabase, openListener, type Database } from '@medshare/database';
import { Inbox, Outbox, outboxMigrations, startRelay } from '@medshare/outbox';
import { eventually, freshDatabase, seededRandom } from '@medshare/testkit';
import type { Brokers } from './kafka-brokers.js';

export interface KillPlan {
  readonly brokers: Brokers;
  /** before topics and groups: a run of its own */
  readonly prefix: string;
  /** events in all, spread over the kills */
  readonly events: number;
  readonly kills: number;
  /** how the senders reach the brokers: the planted defect, if any */
  readonly sending?: Pick<KafkaOptions, 'deliver' | 'tries'>;
  /** ends after the kill that lost something */
  readonly untilLost?: boolean;
}

export interface KillOutcome {
  readonly acknowledged: number;
  /** acknowledged events without effect */
  readonly lost: number;
  /** events with more than one effect */
  readonly doubled: number;
  /** keys whose effects are not in the order of their acknowledgements */
  readonly disordered: number;
  /** handler calls beyond one an event */
  readonly redelivered: number;
  readonly kills: number;
  /** ms from the last broker's return until every acknowledged event had its effect */
  readonly caughtUpMs: number;
}

const SENDERS = 4;
const KEYS = 10;
const TOPIC = 'record.sealed';
const PARTITIONS = 12;
/** Events of one transaction of a sender: many keys, so that a move of the outbox goes to many partitions. */
const BATCH = 10;
/** Longest wait for effects after the last broker is back, ms; what has none then is lost. */
const PATIENCE = 60_000;

/**
 * Roles write events with their outboxes and count what was committed; their relays move them to real brokers, one of which is killed again
 * and again: each time the leader of the partition that holds most. Two members of a group do the effects, through an inbox.
 */
export const killBrokers = async (plan: KillPlan): Promise<KillOutcome> => {
  const run = await Run.start(plan);
  try {
    return await run.through();
  } finally {
    await run.close();
  }
};

class Run {
  readonly #acknowledged: { key: string; n: number }[] = [];
  #deliveries = 0;
  #next = 0;
  #stopped = false;
  #held = false;
  readonly #random = seededRandom('broker kills');

  private constructor(
    private readonly plan: KillPlan,
    private readonly senders: readonly Database[],
    private readonly receiver: Database,
    private readonly closing: (() => Promise<unknown>)[],
  ) {}

  static async start(plan: KillPlan): Promise<Run> {
    const { url, drop } = await freshDatabase();
    const settings = { brokers: plan.brokers.addresses, prefix: plan.prefix, topics: [TOPIC] };
    const topics = { partitions: PARTITIONS, replicationFactor: 3, minInsyncReplicas: 2, retentionMs: 86_400_000 };
    await migrateKafka(settings, topics);
    const closing: (() => Promise<unknown>)[] = [drop];
    const open = async (options: Partial<KafkaOptions> = {}): Promise<KafkaBus> => {
      const bus = await openKafka({ ...settings, ...options });
      closing.push(() => bus.close());
      return bus;
    };
    const database = async (schema: string) => {
      await migrate(url, schema, [outboxMigrations]);
      const db = openDatabase({ url, schema, max: 6 });
      closing.push(() => db.close());
      return db;
    };
    const receiver = await database('vault');
    await receiver.query('CREATE TABLE effect (seq serial, key text, n int)');
    const senders: Database[] = [];
    const run = new Run(plan, senders, receiver, closing);
    for (let s = 0; s < SENDERS; s++) senders.push(await database(`sender${s}`));
    for (let member = 0; member < 2; member++) await run.#consume(await open());
    const notify = openListener(url);
    closing.push(() => notify.close());
    for (const db of senders) {
      const relay = startRelay({
        db,
        bus: await open(plan.sending),
        notify,
        pollEvery: 100,
      });
      closing.push(() => relay.stop());
    }
    return run;
  }

  async #consume(bus: KafkaBus): Promise<void> {
    const inbox = new Inbox({ database: this.receiver });
    await bus.subscribe({
      group: 'vault',
      topic: TOPIC,
      handler: (message) => {
        this.#deliveries++;
        return inbox.consume(message, (tx) =>
          tx.query('INSERT INTO effect (key, n) VALUES ($1, $2)', [message.key, (message.value as { n: number }).n]),
        );
      },
    });
  }

  async through(): Promise<KillOutcome> {
    const { kills, untilLost = false } = this.plan;
    const sending = this.senders.map((db, s) => this.#send(db, s));
    let done = 0;
    while (done < kills) {
      await this.#reach(done + 0.5);
      await this.#kill();
      done++;
      if (untilLost && (await this.#lostByNow()) > 0) break;
    }
    await this.#reach(untilLost ? 0 : done);
    this.#stopped = true;
    await Promise.all(sending);
    const back = performance.now();
    await eventually(async () => (await this.#unseen()) === 0, { timeout: PATIENCE, interval: 250 }).catch(
      () => undefined,
    );
    const caughtUpMs = Math.round(performance.now() - back);
    return { ...(await this.#judge()), kills: done, caughtUpMs };
  }

  /** Waits until the events of so many kills are acknowledged. */
  async #reach(kills: number): Promise<void> {
    const wanted = Math.min(this.plan.events, (this.plan.events / this.plan.kills) * kills);
    await eventually(() => this.#acknowledged.length >= wanted, { timeout: 120_000 });
  }

  async #send(db: Database, sender: number): Promise<void> {
    const outbox = new Outbox();
    while (!this.#stopped) {
      if (!this.#held && (this.#acknowledged.length < this.plan.events || this.plan.untilLost))
        await this.#append(db, outbox, sender);
      await sleep(20);
    }
  }

  async #append(db: Database, outbox: Outbox, sender: number): Promise<void> {
    const events = Array.from({ length: BATCH }, (_, i) => {
      const n = this.#next++;
      return { id: this.#random.uuid(), topic: TOPIC, key: `s${sender}.k${(n + i) % KEYS}`, headers: {}, value: { n } };
    });
    await db.transaction((tx) => outbox.append(tx, events));
    this.#acknowledged.push(...events.map(({ key, value: { n } }) => ({ key, n })));
  }

  /** Kills the leader of the fullest partition, lets the others take over under load, brings it back. */
  async #kill(): Promise<void> {
    const admin = kafkaClient({ brokers: this.plan.brokers.addresses, prefix: this.plan.prefix }, 8).admin();
    await admin.connect();
    const topic = `${this.plan.prefix}${TOPIC}`;
    const partitions = async () => (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]?.partitions ?? [];
    const whole = async () => (await partitions()).every(({ isr, leader }) => isr.length === 3 && leader > 0);
    try {
      await eventually(whole, { timeout: 120_000, interval: 200 });
      const [fullest] = (await admin.fetchTopicOffsets(topic)).sort((a, b) => Number(b.high) - Number(a.high));
      const victim = (await partitions()).find(({ partitionId }) => partitionId === fullest?.partition)?.leader ?? 1;
      await this.plan.brokers.kill(victim);
      // the others miss it after nine seconds by default, and lead its partitions then
      await eventually(async () => (await partitions()).every(({ leader }) => leader > 0 && leader !== victim), {
        timeout: 120_000,
        interval: 200,
      });
      await sleep(3_000);
      await this.plan.brokers.start(victim);
      await eventually(whole, { timeout: 120_000, interval: 200 });
    } finally {
      await admin.disconnect();
    }
  }

  /** Holds the senders until everything they wrote has its effect. @returns how much never has */
  async #lostByNow(): Promise<number> {
    this.#held = true;
    try {
      await eventually(async () => (await this.#waiting()) === 0, { timeout: 120_000, interval: 200 });
      // what is late is not lost: a busy machine brings it, one after the other
      for (let before = Infinity; ;) {
        const unseen = await this.#unseen();
        if (unseen === 0 || unseen === before) return unseen;
        before = unseen;
        await eventually(async () => (await this.#unseen()) === 0, { timeout: 15_000, interval: 200 }).catch(
          () => undefined,
        );
      }
    } finally {
      this.#held = false;
    }
  }

  async #waiting(): Promise<number> {
    const counts = await Promise.all(
      this.senders.map((db) => db.query<{ n: number }>('SELECT count(*)::int AS n FROM outbox')),
    );
    return counts.reduce((sum, { rows }) => sum + (rows[0]?.n ?? 0), 0);
  }

  async #effects(): Promise<{ key: string; n: number }[]> {
    return (await this.receiver.query<{ key: string; n: number }>('SELECT key, n FROM effect ORDER BY seq')).rows;
  }

  async #unseen(): Promise<number> {
    const seen = new Set((await this.#effects()).map(({ n }) => n));
    return this.#acknowledged.filter(({ n }) => !seen.has(n)).length;
  }

  async #judge(): Promise<Omit<KillOutcome, 'kills' | 'caughtUpMs'>> {
    const effects = await this.#effects();
    const seen = new Set(effects.map(({ n }) => n));
    const ofKeys = (events: readonly { key: string; n: number }[]) => {
      const keys = new Map<string, number[]>();
      for (const { key, n } of events) keys.set(key, [...(keys.get(key) ?? []), n]);
      return keys;
    };
    const done = ofKeys(effects);
    const disordered = [...ofKeys(this.#acknowledged)].filter(([key, sent]) => {
      const had = sent.filter((n) => seen.has(n));
      return had.join() !== (done.get(key) ?? []).join();
    });
    return {
      acknowledged: this.#acknowledged.length,
      lost: this.#acknowledged.filter(({ n }) => !seen.has(n)).length,
      doubled: effects.length - seen.size,
      disordered: disordered.length,
      redelivered: this.#deliveries - seen.size,
    };
  }

  async close(): Promise<void> {
    this.#stopped = true;
    for (const close of this.closing.reverse()) await close();
  }
}
