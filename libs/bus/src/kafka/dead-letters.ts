import type { Problem } from '@medshare/problems';
import type { KafkaMessage, Producer } from 'kafkajs';
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

/** Keeps a record that is no event, as it was, among the dead letters; resolves when it is durable. */
export const setAside = (
  producer: Pick<Producer, 'send'>,
  settings: KafkaSettings,
  { topic, partition, record, reason }: SetAside,
): Promise<void> => {
  const headers = {
    ...record.headers,
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
