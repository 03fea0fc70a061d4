import { Turns } from '@medshare/clock/turns';
import { problem, type Problem } from '@medshare/problems';
import type { Admin, KafkaMessage, Producer } from 'kafkajs';
import type { Bus, Lag, Subscription } from './bus.port.js';
import { readDeadLetters, removeLetter, replayLetter, setAside, type DeadLetter } from './kafka/dead-letters.js';
import { deliverByPartition, type Deliver, type PlacedRecord } from './kafka/deliver.js';
import { kafkaProblem } from './kafka/failures.js';
import { GroupConsumer } from './kafka/group-consumer.js';
import { lagOf, removeBefore } from './kafka/progress-of-groups.js';
import { sizeOf, toRecord } from './kafka/record.js';
import { Renewed } from './kafka/renewed.js';
import { groupConsumer, groupName, kafkaClient, topicName, type KafkaSettings } from './kafka/settings.js';
import { awaitTopics, checkTopics, DEAD_LETTERS, migrateTopics, type TopicSettings } from './kafka/topics.js';
import { checkName, encodeMessage, MAX_BATCH, partitionOf, type EncodedMessage } from './message.js';

export type { KafkaSettings, SaslSettings, TlsMaterial } from './kafka/settings.js';
export type { DeadLetter } from './kafka/dead-letters.js';
export type { TopicSettings } from './kafka/topics.js';

export interface KafkaOptions extends KafkaSettings {
  /** topics that must be there at the start, beside that of dead letters */
  readonly topics: readonly string[];
  /** how durable they must be */
  readonly durable?: Pick<TopicSettings, 'replicationFactor' | 'minInsyncReplicas'>;
  /** tries of a publish before it fails, about a second apart; default 6 */
  readonly tries?: number;
  /** partitions worked on at once in this process; default 4 */
  readonly concurrency?: number;
  /** told of what goes wrong while running; it is tried again, and nothing is lost */
  readonly onTrouble?: (found: Problem) => void;
  /** how records reach the brokers; another only to plant the defect that this one avoids */
  readonly deliver?: Deliver;
}

/** Kafka as the bus: it forgets on its own past the topics' retention, and earlier when told. */
export interface KafkaBus extends Bus {
  /** Removes what is older than an instant (ms) and done by every group. @returns how many */
  removeBefore(instant: number): Promise<number>;
}

/** Tries of the client at the start (every broker is tried) and later, before what was asked for fails. */
const TRIES = { start: 4, later: 6 };

const adminOf = (settings: KafkaSettings, tries: number): Admin => kafkaClient(settings, tries).admin();

/** Connects, once, for work before any role runs. @throws Problem that names the setting */
const withAdmin = async <T>(settings: KafkaSettings, work: (admin: Admin) => Promise<T>): Promise<T> => {
  const admin = adminOf(settings, TRIES.start);
  try {
    await admin.connect();
    return await work(admin);
  } catch (caught) {
    throw kafkaProblem(caught, { starting: true });
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
};

/** Makes the topics and brings them to these settings. @returns what was done, a line each */
export const migrateKafka = (
  settings: KafkaSettings & { topics: readonly string[] },
  wanted: TopicSettings,
): Promise<string[]> => withAdmin(settings, (admin) => migrateTopics(admin, settings, wanted));

export interface MendOptions {
  /** most dead letters, the oldest first */
  readonly most: number;
  /** `look` leaves them, `replay` sends each back to its place, `drop` gives them up */
  readonly deed: 'look' | 'replay' | 'drop';
  /** makes the name of a reader that nobody else has */
  readonly reader: string;
}

/** What to do with records that were no events. @returns those that it was done to, the oldest first */
export const mendDeadLetters = (settings: KafkaSettings, { most, deed, reader }: MendOptions): Promise<DeadLetter[]> =>
  withAdmin(settings, async (admin) => {
    await checkTopics(admin, { ...settings, topics: [DEAD_LETTERS] });
    const member = (group: string) => groupConsumer(settings, group);
    const letters = await readDeadLetters(admin, settings, { most, member, group: `${settings.prefix}mend-${reader}` });
    const producer = producerOf(settings);
    try {
      if (deed === 'replay') await producer.connect();
      for (const letter of deed === 'look' ? [] : letters) {
        if (deed === 'replay') await replayLetter(producer, settings, letter);
        await removeLetter(admin, settings, letter);
      }
    } finally {
      await producer.disconnect();
    }
    return letters.map(({ record: _, ...letter }) => letter);
  });

const producerOf = (settings: KafkaSettings, tries = TRIES.later): Producer =>
  kafkaClient(settings, tries).producer({
    allowAutoTopicCreation: false,
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  });

/**
 * Connects to the brokers and checks the topics.
 * @throws Problem `config.invalid` for what an operator must mend, `bus.unavailable` when no broker answers; each names the setting
 */
export const openKafka = async (options: KafkaOptions): Promise<KafkaBus> => {
  const { deliver = deliverByPartition, onTrouble = () => undefined } = options;
  const needed = { ...options, topics: [...options.topics, DEAD_LETTERS] };
  const partitions = await withAdmin(options, (admin) => checkTopics(admin, needed));
  const admins = new Renewed(() => adminOf(options, TRIES.later));
  const producers = new Renewed<Producer>(() => producerOf(options, options.tries));
  // asked one thing at a time, for the library mixes up what it knows of topics that are asked about at once
  let asked: Promise<unknown> = Promise.resolve();
  const ask = <T>(work: (admin: Admin) => Promise<T>): Promise<T> => {
    const answer = asked.then(() => admins.use(work));
    asked = answer.catch(() => undefined);
    return answer;
  };
  // shared: a gauge asks more often than brokers that are away let one question fail
  let lagging: Promise<Lag[]> | undefined;
  const lag = (): Promise<Lag[]> =>
    (lagging ??= ask((admin) => lagOf(admin, options))
      .catch(unavailable)
      .finally(() => (lagging = undefined)));
  const subscribed = new Set<GroupConsumer>();
  const turns = new Turns(options.concurrency ?? 4);

  const countOf = async (topic: string): Promise<number> => {
    const known = partitions.get(topic);
    if (known !== undefined) return known;
    const name = topicName(options, topic);
    const found = (await ask((admin) => awaitTopics(admin, [name]))).get(name);
    if (!found)
      throw problem('config.invalid', {
        where: 'kafka.topics',
        detail: `${name} is missing: medshare migrate makes it`,
      });
    partitions.set(topic, found.partitions);
    return found.partitions;
  };

  const send = async (messages: readonly EncodedMessage[]): Promise<void> => {
    const topics = new Map<string, PlacedRecord[]>();
    for (const message of messages) {
      const partition = partitionOf(message.key, await countOf(message.topic));
      const records = topics.get(message.topic) ?? [];
      records.push({ partition, record: toRecord(message), bytes: sizeOf(message) });
      topics.set(message.topic, records);
    }
    const sending = [...topics].map(([topic, records]) =>
      producers.use((producer) => deliver(producer, topicName(options, topic), records)),
    );
    const failed = (await Promise.allSettled(sending)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  };

  const keepAside = (topic: string) => (record: KafkaMessage, partition: number, reason: Problem) => {
    onTrouble(reason);
    return producers.use((producer) => setAside(producer, options, { topic, partition, record, reason }));
  };

  return {
    async publish(messages) {
      if (messages.length === 0) return;
      if (messages.length > MAX_BATCH)
        throw problem('request.too-large', { where: 'publish', detail: `at most ${MAX_BATCH} messages` });
      const encoded = messages.map(encodeMessage);
      await send(encoded).catch((caught: unknown) => {
        throw kafkaProblem(caught);
      });
    },
    async subscribe({ group, topic, handler, batch = 100, atOnce = 1 }): Promise<Subscription> {
      const name = topicName(options, checkName(topic));
      const groupId = groupName(options, checkName(group), topic);
      const consumer = new GroupConsumer({
        make: () => groupConsumer(options, groupId),
        topic: name,
        name: topic,
        handler,
        batch,
        atOnce,
        setAside: keepAside(topic),
        onTrouble,
        turns,
      });
      try {
        await countOf(topic);
        await consumer.start();
      } catch (caught) {
        throw kafkaProblem(caught, { starting: true });
      }
      subscribed.add(consumer);
      return {
        close: async () => {
          await consumer.close();
          subscribed.delete(consumer);
        },
      };
    },
    lag,
    removeBefore: (instant) => ask((admin) => removeBefore(admin, options, instant)).catch(unavailable),
    async close() {
      await Promise.all([...subscribed].map((consumer) => consumer.close()));
      await Promise.all([producers.close(), admins.close()]);
    },
  };
};

const unavailable = (caught: unknown): never => {
  throw kafkaProblem(caught);
};
