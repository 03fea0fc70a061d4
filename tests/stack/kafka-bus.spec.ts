import type { Bus, BusMessage } from '@medshare/bus';
import { busContract } from '@medshare/bus/bus.port.contract';
import { migrateKafka, openKafka, type KafkaBus, type KafkaOptions } from '@medshare/bus/kafka.driver';
import { startBrokers, type Brokers } from './kafka-brokers.js';

let brokers: Brokers;
beforeAll(async () => {
  brokers = await startBrokers();
}, 240_000);
afterAll(() => brokers.stop());

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
