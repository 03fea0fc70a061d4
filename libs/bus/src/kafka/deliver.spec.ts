import type { Producer, RecordMetadata } from 'kafkajs';
import { deliverByPartition, type PlacedRecord } from './deliver.js';

type Send = Producer['send'];
const record = (partition: number, n: number, bytes = 100): PlacedRecord => ({
  partition,
  bytes,
  record: { key: `k${partition}`, value: String(n) },
});
const confirmed = (topicName: string, partition: number): RecordMetadata => ({
  topicName,
  partition,
  errorCode: 0,
  baseOffset: '7',
});

/** A cluster that notes what is sent and answers as it is told. */
const cluster = (answer: (partition: number) => RecordMetadata[] | Promise<RecordMetadata[]>) => {
  const sent: { partitions: number[]; values: string[]; acks: number | undefined }[] = [];
  const under = new Map<number, number>();
  let overlaps = 0;
  const send: Send = async ({ messages, acks }) => {
    const partitions = [...new Set(messages.map(({ partition }) => partition ?? -1))];
    const first = partitions[0] ?? -1;
    if ((under.get(first) ?? 0) > 0) overlaps++;
    under.set(first, (under.get(first) ?? 0) + 1);
    await new Promise((resolve) => setTimeout(resolve, 1));
    under.set(first, 0);
    sent.push({ partitions, values: messages.map(({ value }) => String(value)), acks });
    return answer(first);
  };
  return { send, sent, overlaps: () => overlaps };
};

describe('records on their way', () => {
  it('go one partition a send, in order, and want every replica', async () => {
    const brokers = cluster((partition) => [confirmed('t', partition)]);
    await deliverByPartition(
      brokers,
      't',
      Array.from({ length: 30 }, (_, n) => record(n % 3, n)),
    );
    expect(brokers.sent.map(({ partitions }) => partitions).sort()).toEqual([[0], [1], [2]]);
    for (const { values, acks } of brokers.sent) {
      expect(values.map(Number)).toEqual([...values].map(Number).sort((a, b) => a - b));
      expect(acks).toBe(-1);
    }
  });

  it('are cut where they would be too much for a broker, and the parts of a partition follow each other', async () => {
    const brokers = cluster((partition) => [confirmed('t', partition)]);
    await deliverByPartition(
      brokers,
      't',
      Array.from({ length: 20 }, (_, n) => record(n % 2, n, 100_000)),
    );
    expect(brokers.overlaps()).toBe(0);
    expect(brokers.sent.length).toBe(4);
    const ofFirst = brokers.sent.filter(({ partitions: [first] }) => first === 0).flatMap(({ values }) => values);
    expect(ofFirst).toEqual(Array.from({ length: 10 }, (_, i) => String(2 * i)));
  });

  it.each<[string, RecordMetadata[]]>([
    ['nothing', []],
    ['another partition only', [confirmed('t', 1)]],
    ['another topic', [confirmed('u', 0)]],
    ['an error', [{ ...confirmed('t', 0), errorCode: 7 }]],
    ['no offset', [{ ...confirmed('t', 0), baseOffset: '-1' }]],
  ])('are not durable when the brokers confirm %s', async (_, answers) => {
    const delivering = deliverByPartition(
      cluster(() => answers),
      't',
      [record(0, 1)],
    );
    await expect(delivering).rejects.toMatchObject({ code: 'bus.unavailable' });
  });

  it('that are too large for their topic are refused with its name and the setting', async () => {
    const tooLarge = Object.assign(new Error('too large'), { type: 'MESSAGE_TOO_LARGE' });
    const delivering = deliverByPartition(
      cluster(() => Promise.reject(tooLarge)),
      'harbor.t',
      [record(0, 1)],
    );
    await expect(delivering).rejects.toMatchObject({
      code: 'bus.unavailable',
      where: 'kafka.topics',
      detail: 'harbor.t takes no record as large as this one: raise its max.message.bytes',
    });
  });

  it('that failed leave no later part of their partition behind, and none on its way', async () => {
    let answered = 0;
    const brokers = cluster((partition) => {
      answered++;
      return partition === 0 ? Promise.reject(new Error('away')) : [confirmed('t', partition)];
    });
    const records = Array.from({ length: 20 }, (_, n) => record(n % 2, n, 200_000));
    await expect(deliverByPartition(brokers, 't', records)).rejects.toThrow('away');
    expect(brokers.sent.filter(({ partitions: [first] }) => first === 0)).toHaveLength(1);
    expect(answered).toBe(brokers.sent.length);
    expect(brokers.sent.filter(({ partitions: [first] }) => first === 1).flatMap(({ values }) => values)).toHaveLength(
      10,
    );
  });
});
