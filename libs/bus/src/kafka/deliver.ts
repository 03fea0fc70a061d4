import { problem, type Problem } from '@medshare/problems';
import type { Message, Producer } from 'kafkajs';

/** A record on its way to its partition. */
export interface PlacedRecord {
  readonly partition: number;
  readonly record: Message;
  /** about */
  readonly bytes: number;
}

/** Resolves when every record of the topic is on as many replicas as the topic wants. */
export type Deliver = (
  producer: Pick<Producer, 'send'>,
  topic: string,
  records: readonly PlacedRecord[],
) => Promise<void>;

/** Bytes of one send at most, well below the brokers' default `message.max.bytes` of 1 MiB. */
const SEND_BYTES = 512 * 1024;
/** ms that the brokers may take to replicate */
const REPLICATE_MS = 10_000;

/**
 * One partition a send, one send of a partition at a time, and the answer must name it. A send of several partitions loses acknowledged
 * records when a leader moves to a broker that has answered already: the library then takes that answer for the partition that moved.
 */
export const deliverByPartition: Deliver = async (producer, topic, records) => {
  const partitions = new Map<number, PlacedRecord[]>();
  for (const each of records) partitions.set(each.partition, [...(partitions.get(each.partition) ?? []), each]);
  const sent = await Promise.allSettled(
    [...partitions].map(async ([partition, own]) => {
      for (const part of cut(own)) await sendOne(producer, topic, partition, part);
    }),
  );
  // none is left on its way when this rejects: whoever repeats it comes after
  const failed = sent.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
};

const sendOne = async (
  producer: Pick<Producer, 'send'>,
  topic: string,
  partition: number,
  records: readonly PlacedRecord[],
): Promise<void> => {
  const messages = records.map(({ record }) => ({ ...record, partition }));
  const answers = await producer.send({ topic, acks: -1, timeout: REPLICATE_MS, messages }).catch((caught: unknown) => {
    throw isTooLarge(caught) ? tooLarge(topic, caught) : caught;
  });
  const covered = answers.some(
    (answer) =>
      answer.topicName === topic &&
      answer.partition === partition &&
      answer.errorCode === 0 &&
      Number(answer.baseOffset ?? -1) >= 0,
  );
  if (!covered)
    throw problem('bus.unavailable', { where: 'bus', detail: `the brokers did not confirm partition ${partition}` });
};

/** The library says so at once: no try takes a record that the topic's limit does not. */
const isTooLarge = (caught: unknown): boolean =>
  (caught as { type?: string } | undefined)?.type === 'MESSAGE_TOO_LARGE';

const tooLarge = (topic: string, cause: unknown): Problem =>
  problem('bus.unavailable', {
    where: 'kafka.topics',
    detail: `${topic} takes no record as large as this one: raise its max.message.bytes`,
    cause,
  });

function* cut(records: readonly PlacedRecord[]): Generator<PlacedRecord[]> {
  let part: PlacedRecord[] = [];
  let bytes = 0;
  for (const each of records) {
    if (part.length > 0 && bytes + each.bytes > SEND_BYTES) {
      yield part;
      [part, bytes] = [[], 0];
    }
    part.push(each);
    bytes += each.bytes;
  }
  if (part.length > 0) yield part;
}
