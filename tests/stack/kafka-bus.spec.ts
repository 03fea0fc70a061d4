import type { Bus, BusMessage } from '@medshare/bus';
import { busContract } from '@medshare/bus/bus.port.contract';
import { mendDeadLetters, migrateKafka, openKafka, type KafkaBus, type KafkaOptions } from '@medshare/bus/kafka.driver';
import { kafkaClient } from '@medshare/bus/kafka/settings';
import type { Problem } from '@medshare/problems';
import { eventually } from '@medshare/testkit';
import kafkajs from 'kafkajs';
import { startBrokers, type Brokers } from './kafka-brokers.js';

let brokers: Brokers;
beforeAll(async () => {
  brokers = await startBrokers();
}, 600_000);
afterAll(() => brokers?.stop());

const wanted = { partitions: 8, replicationFactor: 3, minInsyncReplicas: 2, retentionMs: 86_400_000 };
const settings = (prefix: string) => ({ brokers: brokers.addresses, prefix });

/** A bus whose topics are made at their first use, as `medshare migrate` makes those of a deployment. */
const withTopics = async (options: Omit<KafkaOptions, 'topics'>): Promise<Bus> => {
  await migrateKafka({ ...options, topics: [] }, wanted);
  const bus: KafkaBus = await openKafka({ ...options, topics: [] });
  const make = (topics: readonly string[]) =>
    migrateKafka({ ...options, topics: topics.filter((topic) => /^[a-z0-9][a-z0-9._-]*$/.test(topic)) }, wanted);
  const made = new Set<string>();
  const ensure = async (topics: readonly string[]) => {
    const missing = [...new Set(topics)].filter((topic) => !made.has(topic));
    if (missing.length > 0) await make(missing);
    for (const topic of missing) made.add(topic);
  };
  return {
    ...bus,
    publish: async (messages: readonly BusMessage[]) => {
      await ensure(messages.map(({ topic }) => topic));
      await bus.publish(messages);
    },
    subscribe: async (subscription) => {
      await ensure([subscription.topic]);
      return bus.subscribe(subscription);
    },
  };
};

busContract('Kafka', () => Promise.resolve({ open: () => withTopics(settings('contract.')) }));

const numbered = (topic: string, key: string, n: number): BusMessage => ({
  id: `${topic}-${key}-${n}`,
  topic,
  key,
  headers: {},
  value: { n },
});
const nOf = ({ value }: BusMessage) => (value as { n: number }).n;

describe('Kafka as the bus', () => {
  const topic = 'record.sealed';
  const opened: KafkaBus[] = [];
  const open = async (prefix: string, options: Partial<KafkaOptions> = {}) => {
    await migrateKafka({ ...settings(prefix), topics: [topic] }, wanted);
    const bus = await openKafka({ ...settings(prefix), topics: [topic], ...options });
    opened.push(bus);
    return bus;
  };
  afterAll(() => Promise.all(opened.map((bus) => bus.close())));

  it('sets records aside that are no events, goes on, and sends them back or gives them up when told', async () => {
    const troubles: Problem[] = [];
    const bus = await open('dead.', { onTrouble: (found) => troubles.push(found) });
    const seen: number[] = [];
    await bus.subscribe({ group: 'g', topic, handler: (message) => Promise.resolve(void seen.push(nOf(message))) });
    const stranger = kafkaClient(settings('dead.'), 4).producer();
    await stranger.connect();
    const foreign = ['MSH|^~', '{"not":"ours"}'].map((value) => ({ partition: 3, key: 'k', value }));
    await stranger.send({ topic: `dead.${topic}`, acks: -1, messages: foreign });
    await stranger.disconnect();
    await bus.publish(Array.from({ length: 40 }, (_, n) => numbered(topic, `k${n}`, n)));
    await eventually(() => seen.length === 40, { timeout: 60_000 });
    const mend = (deed: 'look' | 'replay' | 'drop', most: number) =>
      mendDeadLetters(settings('dead.'), { deed, most, reader: `${deed}-${most}` });
    const letter = (offset: number) => ({ offset, topic, partition: 3, reason: 'event.invalid' });
    expect(await mend('look', 10)).toMatchObject([letter(0), letter(1)]);
    expect(troubles.map(({ code }) => code)).toEqual(['event.invalid', 'event.invalid']);
    expect((await bus.lag()).find(({ group }) => group === 'mend')).toMatchObject({ lag: 2 });
    // this release cannot read it either: it comes back behind the other
    expect(await mend('replay', 1)).toMatchObject([letter(0)]);
    await eventually(async () => (await mend('look', 10)).length === 2, { timeout: 60_000 });
    expect(await mend('look', 10)).toMatchObject([letter(1), letter(2)]);
    expect(await mend('drop', 10)).toHaveLength(2);
    expect(await mend('look', 10)).toEqual([]);
  }, 240_000);

  it('sets aside a record that is as large as its topic takes, packed by whoever sent it', async () => {
    const bus = await open('large.');
    await bus.subscribe({ group: 'g', topic, handler: () => Promise.resolve() });
    const stranger = kafkaClient(settings('large.'), 4).producer();
    await stranger.connect();
    // with the head of its batch less than 100 bytes below 1 MiB, and above it with what a dead letter says of where it was
    const value = 'x'.repeat(1_048_450);
    const sent = { topic: `large.${topic}`, acks: -1, compression: kafkajs.CompressionTypes.GZIP };
    await stranger.send({ ...sent, messages: [{ partition: 3, key: 'k', value }] });
    await stranger.disconnect();
    const look = () => mendDeadLetters(settings('large.'), { deed: 'look', most: 10, reader: 'look' });
    await eventually(async () => (await look()).length === 1, { timeout: 60_000 });
    expect(await look()).toMatchObject([{ offset: 0, topic, partition: 3, reason: 'event.invalid' }]);
    await eventually(async () => (await bus.lag()).every(({ group, lag }) => group === 'mend' || lag === 0));
  }, 120_000);

  it('holds up the partition of what fails, and no other, for as long as it fails', async () => {
    const bus = await open('paused.');
    const seen: string[] = [];
    let tries = 0;
    let stuck = true;
    await bus.subscribe({
      group: 'g',
      topic,
      handler: ({ key }) => {
        if (key === 'k0' && stuck) return Promise.reject(new Error(`try ${++tries}`));
        return Promise.resolve(void seen.push(key));
      },
    });
    // k8 and k0 stand in partitions of their own: neither waits for the other
    await bus.publish(Array.from({ length: 200 }, (_, n) => numbered(topic, `k${n % 20}`, n)));
    await eventually(() => tries >= 3 && new Set(seen).size > 10, { timeout: 60_000 });
    const before = seen.length;
    await bus.publish(Array.from({ length: 200 }, (_, n) => numbered(topic, `k${n % 20}`, 200 + n)));
    await eventually(() => seen.length > before + 100, { timeout: 60_000 });
    expect(seen).not.toContain('k0');
    stuck = false;
    await eventually(() => seen.length === 400, { timeout: 120_000 });
  }, 240_000);

  it('stops gracefully: what was handled is not handled again by whoever comes next', async () => {
    const [first, second] = [await open('stop.'), await open('stop.')];
    const seen: number[] = [];
    const handler = async (message: BusMessage) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      seen.push(nOf(message));
    };
    await first.publish(Array.from({ length: 1_000 }, (_, n) => numbered(topic, `k${n % 50}`, n)));
    const subscription = await first.subscribe({ group: 'g', topic, handler });
    await eventually(() => seen.length > 200, { timeout: 60_000 });
    await subscription.close();
    const handled = seen.length;
    expect(handled).toBeLessThan(1_000);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(seen).toHaveLength(handled);
    await second.subscribe({ group: 'g', topic, handler });
    await eventually(() => seen.length >= 1_000, { timeout: 60_000 });
    expect(seen).toHaveLength(1_000);
    expect(new Set(seen).size).toBe(1_000);
  }, 240_000);
});
