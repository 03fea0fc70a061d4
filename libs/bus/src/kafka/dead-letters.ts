import type { Problem } from '@medshare/problems';
import type { Admin, Consumer, IHeaders, KafkaMessage, Producer } from 'kafkajs';
import { deliverByPartition } from './deliver.js';
import { topicName, type KafkaSettings } from './settings.js';
import { DEAD_LETTERS } from './topics.js';

/** Headers that tell where a dead letter came from and why it is one. */
const FROM = {
  topic: 'medshare-dead-topic',
  partition: 'medshare-dead-partition',
  offset: 'medshare-dead-offset',
  reason: 'medshare-dead-reason',
};

export interface SetAside {
  /** as the bus knows it */
  readonly topic: string;
  readonly partition: number;
  readonly record: KafkaMessage;
  readonly reason: Problem;
}

const EMPTY = Buffer.alloc(0);
const filled = (value: Buffer | string | null | undefined): Buffer | string => value ?? EMPTY;

/** Kafka allows headers without a value, which the library reads and cannot write: they become empty ones. */
const writable = (headers: IHeaders = {}): IHeaders =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.map(filled) : filled(value)]),
  );

/** Keeps a record that is no event, as it was, among the dead letters; resolves when it is durable. */
export const setAside = (
  producer: Pick<Producer, 'send'>,
  settings: KafkaSettings,
  { topic, partition, record, reason }: SetAside,
): Promise<void> => {
  const headers = {
    ...writable(record.headers),
    [FROM.topic]: topic,
    [FROM.partition]: String(partition),
    [FROM.offset]: record.offset,
    [FROM.reason]: reason.code,
  };
  const bytes = (record.key?.length ?? 0) + (record.value?.length ?? 0);
  return deliverByPartition(producer, topicName(settings, DEAD_LETTERS), [
    { partition: 0, record: { key: record.key, value: record.value, headers }, bytes },
  ]);
};

/** A record that is no event, as far as it may be told: what it says stays where it is. */
export interface DeadLetter {
  /** its place among the dead letters: the oldest is mended first */
  readonly offset: number;
  readonly topic: string;
  readonly partition: number;
  /** problem code */
  readonly reason: string;
  /** ms since the epoch */
  readonly at: number;
  readonly bytes: number;
}

export interface KeptLetter extends DeadLetter {
  readonly record: KafkaMessage;
}

const text = (record: KafkaMessage, name: string): string => {
  const value = record.headers?.[name];
  return Buffer.isBuffer(value) ? value.toString('utf8') : '';
};

const letterOf = (record: KafkaMessage): KeptLetter => ({
  offset: Number(record.offset),
  topic: text(record, FROM.topic),
  partition: Number(text(record, FROM.partition)),
  reason: text(record, FROM.reason),
  at: Number(record.timestamp),
  bytes: (record.key?.length ?? 0) + (record.value?.length ?? 0),
  record,
});

/**
 * The oldest dead letters that nobody mended yet.
 * @param member makes a member of a group of that name, which is gone afterwards
 */
export const readDeadLetters = async (
  admin: Admin,
  settings: KafkaSettings,
  { most, group, member }: { most: number; group: string; member: (group: string) => Consumer },
): Promise<KeptLetter[]> => {
  const topic = topicName(settings, DEAD_LETTERS);
  const [kept] = await admin.fetchTopicOffsets(topic);
  const end = Math.min(Number(kept?.high ?? 0), Number(kept?.low ?? 0) + most);
  const letters: KeptLetter[] = [];
  if (end <= Number(kept?.low ?? 0)) return letters;
  const consumer = member(group);
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    const crashed = new Promise<never>((_, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    });
    const read = new Promise<void>((resolve) => {
      const eachMessage = ({ message }: { message: KafkaMessage }) => {
        if (Number(message.offset) < end) letters.push(letterOf(message));
        if (Number(message.offset) >= end - 1) resolve();
        return Promise.resolve();
      };
      void consumer.run({ autoCommit: false, eachMessage });
    });
    await Promise.race([read, crashed]);
  } finally {
    await consumer.disconnect();
  }
  await admin.deleteGroups([group]).catch(() => undefined);
  return letters;
};

/** Sends a dead letter back to the place where it came from, as it was. */
export const replayLetter = (
  producer: Pick<Producer, 'send'>,
  settings: KafkaSettings,
  { topic, partition, bytes, record }: KeptLetter,
): Promise<void> => {
  const own: ReadonlySet<string> = new Set(Object.values(FROM));
  const headers = Object.fromEntries(Object.entries(writable(record.headers)).filter(([name]) => !own.has(name)));
  return deliverByPartition(producer, topicName(settings, topic), [
    { partition, record: { key: record.key, value: record.value, headers }, bytes },
  ]);
};

/** The letter was mended, or given up: it and those before it are gone. */
export const removeLetter = (admin: Admin, settings: KafkaSettings, { offset }: DeadLetter): Promise<void> =>
  admin.deleteTopicRecords({
    topic: topicName(settings, DEAD_LETTERS),
    partitions: [{ partition: 0, offset: String(offset + 1) }],
  });
