import { jest } from '@jest/globals';
import type { Admin } from 'kafkajs';
import { checkTopics, DEAD_LETTER_BYTES, migrateTopics, type TopicSettings } from './topics.js';

interface Kept {
  partitions: number;
  replicas: number;
  settings: Record<string, string>;
  high?: string;
}

/** A cluster's administration over a table of topics. */
const cluster = (topics: Record<string, Kept>) => {
  const made: string[] = [];
  const admin = {
    listTopics: () => Promise.resolve(Object.keys(topics)),
    fetchTopicMetadata: ({ topics: names = [] }: { topics?: string[] } = {}) =>
      Promise.resolve({
        topics: names.map((name) => ({
          name,
          partitions: Array.from({ length: topics[name]?.partitions ?? 0 }, () => ({
            replicas: Array.from({ length: topics[name]?.replicas ?? 0 }, (_, i) => i),
          })),
        })),
      }),
    describeConfigs: ({ resources }: { resources: { name: string }[] }) =>
      Promise.resolve({
        resources: resources.map(({ name }) => ({
          resourceName: name,
          configEntries: Object.entries(topics[name]?.settings ?? {}).map(([configName, configValue]) => ({
            configName,
            configValue,
            configSource: 1,
          })),
        })),
      }),
    fetchTopicOffsets: (name: string) => Promise.resolve([{ partition: 0, low: '0', high: topics[name]?.high ?? '0' }]),
    createTopics: ({
      topics: wanted,
    }: {
      topics: { topic: string; numPartitions: number; replicationFactor: number }[];
    }) => {
      for (const { topic, numPartitions, replicationFactor } of wanted) {
        topics[topic] = { partitions: numPartitions, replicas: replicationFactor, settings: {} };
        made.push(topic);
      }
      return Promise.resolve(true);
    },
    createPartitions: ({ topicPartitions }: { topicPartitions: { topic: string; count: number }[] }) => {
      for (const { topic, count } of topicPartitions) (topics[topic] as Kept).partitions = count;
      return Promise.resolve();
    },
    alterConfigs: ({
      resources,
    }: {
      resources: { name: string; configEntries: { name: string; value: string }[] }[];
    }) => {
      for (const { name, configEntries } of resources)
        (topics[name] as Kept).settings = Object.fromEntries(configEntries.map((each) => [each.name, each.value]));
      return Promise.resolve();
    },
  };
  return { admin: admin as unknown as Admin, topics, made };
};

const wanted: TopicSettings = { partitions: 8, replicationFactor: 3, minInsyncReplicas: 2, retentionMs: 1000 };
const settings = { brokers: ['b:1'], prefix: 'harbor.', topics: ['record.sealed'] };
const name = 'harbor.record.sealed';
const migrated = async (topics: Record<string, Kept> = {}) => {
  const found = cluster(topics);
  await migrateTopics(found.admin, settings, wanted);
  return found;
};

describe('topics', () => {
  it('are made once, durable, with a place for dead letters', async () => {
    const { admin, topics, made } = await migrated();
    expect(made).toEqual([name, 'harbor.dead-letters']);
    expect(topics[name]).toMatchObject({ partitions: 8, replicas: 3 });
    // the cluster of this spec keeps no settings given at creation: they are brought
    expect(await migrateTopics(admin, settings, wanted)).toEqual([
      `topic ${name}: settings`,
      'topic harbor.dead-letters: settings',
    ]);
    expect(topics[name]?.settings).toMatchObject({
      'min.insync.replicas': '2',
      'unclean.leader.election.enable': 'false',
      'compression.type': 'uncompressed',
    });
    expect(await migrateTopics(admin, settings, wanted)).toEqual([]);
    expect(await checkTopics(admin, { ...settings, durable: wanted })).toEqual(new Map([['record.sealed', 8]]));
  });

  it('keep what an operator set beside ours', async () => {
    const { topics } = await migrated({
      [name]: { partitions: 8, replicas: 3, settings: { 'max.message.bytes': '2000000' } },
    });
    expect(topics[name]?.settings).toMatchObject({ 'max.message.bytes': '2000000', 'retention.ms': '1000' });
  });

  it('are brought to a form that can be read, whatever the cluster prefers', async () => {
    const snappy = { partitions: 8, replicas: 3, settings: { 'compression.type': 'snappy' } };
    const { topics } = await migrated({ [name]: snappy, 'harbor.dead-letters': { ...snappy, partitions: 1 } });
    expect(Object.values(topics).map((each) => each.settings['compression.type'])).toEqual(
      Array(2).fill('uncompressed'),
    );
  });

  it('of dead letters take what every other took, and more where an operator says so', async () => {
    const limit = async (bytes: string) => {
      const dead = { partitions: 1, replicas: 3, settings: { 'max.message.bytes': bytes } };
      const { topics } = await migrated({ 'harbor.dead-letters': dead });
      return topics['harbor.dead-letters']?.settings['max.message.bytes'];
    };
    expect([await limit('1048588'), await limit('20971520')]).toEqual([String(DEAD_LETTER_BYTES), '20971520']);
    const { admin, topics } = cluster({});
    const createTopics = jest.spyOn(admin, 'createTopics');
    await migrateTopics(admin, settings, wanted);
    const largest = createTopics.mock.calls[0]?.[0].topics.map(({ topic, configEntries = [] }) => [
      topic,
      configEntries.find((each) => each.name === 'max.message.bytes')?.value,
    ]);
    expect(Object.keys(topics)).toHaveLength(2);
    expect(largest).toEqual([
      [name, undefined],
      ['harbor.dead-letters', String(DEAD_LETTER_BYTES)],
    ]);
  });

  it.each([
    ['uncompressed', true],
    ['gzip', true],
    ['producer', true],
    ['snappy', false],
    ['lz4', false],
    ['zstd', false],
  ])('whose brokers pack as %s are read: %s', async (compression, read) => {
    const { admin } = cluster({
      [name]: { partitions: 8, replicas: 3, settings: { 'compression.type': compression } },
    });
    const checked = checkTopics(admin, settings);
    if (read) await checked;
    else
      await expect(checked).rejects.toMatchObject({
        code: 'config.invalid',
        where: 'kafka.topics',
        detail: expect.stringMatching(`^${name} says compression.type=${compression},.*medshare migrate`) as string,
      });
  });

  it('grow only while they are empty, and never shrink', async () => {
    const small = (high: string) => ({ [name]: { partitions: 4, replicas: 3, settings: {}, high } });
    expect((await migrated(small('0'))).topics[name]?.partitions).toBe(8);
    const full = cluster(small('5'));
    await expect(migrateTopics(full.admin, settings, wanted)).rejects.toMatchObject({
      code: 'config.invalid',
      where: 'kafka.topics.partitions',
      detail: expect.stringContaining('has 4 partitions and keeps events') as string,
    });
    expect([full.topics[name]?.partitions, full.made]).toEqual([4, []]);
    await expect(migrated({ [name]: { partitions: 16, replicas: 3, settings: {} } })).rejects.toMatchObject({
      where: 'kafka.topics.partitions',
    });
  });

  it('are refused at the start where they are missing or less durable than said, with the setting', async () => {
    const { admin, topics } = await migrated();
    await migrateTopics(admin, settings, wanted);
    const check = (change: Partial<Kept>) => {
      topics[name] = { ...(topics[name] as Kept), ...change };
      return checkTopics(admin, { ...settings, durable: wanted });
    };
    await expect(check({ replicas: 2 })).rejects.toMatchObject({
      code: 'config.invalid',
      where: 'kafka.topics.replicationFactor',
    });
    const weak = { replicas: 3, settings: { 'min.insync.replicas': '1' } };
    await expect(check(weak)).rejects.toMatchObject({ where: 'kafka.topics.minInsyncReplicas' });
    const unclean = { settings: { 'min.insync.replicas': '2', 'unclean.leader.election.enable': 'true' } };
    await expect(check(unclean)).rejects.toMatchObject({ where: 'kafka.topics.minInsyncReplicas' });
    delete topics[name];
    await expect(checkTopics(admin, { ...settings, patience: 10 })).rejects.toMatchObject({
      code: 'config.invalid',
      where: 'kafka.topics',
      detail: `${name} is missing: medshare migrate makes them`,
    });
  });
});
