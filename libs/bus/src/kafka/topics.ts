import { setTimeout as sleep } from 'node:timers/promises';
import { problem } from '@medshare/problems';
import kafkajs, { type Admin, type ITopicConfig } from 'kafkajs';
import { topicName, type KafkaSettings } from './settings.js';

/** How topics are made. */
export interface TopicSettings {
  /** partitions of a topic; keys are spread over them, so that the count is settled while events are kept */
  readonly partitions: number;
  /** brokers that keep each event */
  readonly replicationFactor: number;
  /** brokers that have an event when it counts as durable */
  readonly minInsyncReplicas: number;
  /** ms after which an event goes, done or not */
  readonly retentionMs: number;
}

/** What a topic is on the cluster. */
export interface FoundTopic {
  readonly partitions: number;
  /** least replicas of a partition */
  readonly replicas: number;
  readonly settings: ReadonlyMap<string, string>;
}

/** where records go that are no events; in one partition, so that they are mended in the order of their coming */
export const DEAD_LETTERS = 'dead-letters';

/**
 * Largest batch that the dead letters take, bytes: what a topic took must fit together with our headers (under 1 KiB). Topics take 1 MiB on
 * a cluster as it comes; eight times that is for clusters that were given more, and for records of a gzip batch, which is measured packed.
 * The library splits and limits nothing itself, and a broker takes requests of 100 MiB. What is still too large stays where it is:
 * its partition waits, and whoever operates it is told.
 */
export const DEAD_LETTER_BYTES = 8 * 1024 * 1024;

const DAY_MS = 86_400_000;

const invalid = (setting: string, detail: string) =>
  problem('config.invalid', { where: `kafka.topics.${setting}`, detail });

interface Entry {
  readonly name: string;
  readonly value: string;
}

const COMPRESSION = 'compression.type';
const LARGEST = 'max.message.bytes';

/** An event is lost only when as many brokers as it was written to are lost, and never by an election. */
const entriesOf = ({ minInsyncReplicas, retentionMs }: TopicSettings): Entry[] => [
  { name: 'min.insync.replicas', value: String(minInsyncReplicas) },
  { name: 'unclean.leader.election.enable', value: 'false' },
  { name: 'cleanup.policy', value: 'delete' },
  { name: 'retention.ms', value: String(retentionMs) },
  { name: 'retention.bytes', value: '-1' },
  // only whole segments go: a day's at the latest
  { name: 'segment.ms', value: String(DAY_MS) },
  // brokers unpack what others packed: the library reads gzip and nothing else, and one such batch would end every fetch of its partition
  { name: COMPRESSION, value: 'uncompressed' },
];

/** @param found what there is of the dead letters: a limit that an operator raised further stays */
const entriesOfDead = (wanted: TopicSettings, found?: FoundTopic): Entry[] => {
  const raised = Number(found?.settings.get(LARGEST) ?? 0);
  return [...entriesOf(wanted), { name: LARGEST, value: String(Math.max(DEAD_LETTER_BYTES, raised)) }];
};

/** @returns what there is of these topics, by the name that Kafka knows them by */
export const findTopics = async (admin: Admin, names: readonly string[]): Promise<Map<string, FoundTopic>> => {
  const all = new Set(await admin.listTopics());
  const present = names.filter((name) => all.has(name));
  if (present.length === 0) return new Map();
  const { topics } = await admin.fetchTopicMetadata({ topics: present });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: present.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
  });
  const settings = new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])),
    ]),
  );
  return new Map(
    topics.map(({ name, partitions }) => [
      name,
      {
        partitions: partitions.length,
        replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
        settings: settings.get(name) ?? new Map<string, string>(),
      },
    ]),
  );
};

/** Brokers hear of a new topic one after the other: for this long one that is not known may just have been made, ms. */
const NEWS_MS = 15_000;

/** As {@link findTopics}, and looks again for a while when some are not there. */
export const awaitTopics = async (
  admin: Admin,
  names: readonly string[],
  patience = NEWS_MS,
): Promise<Map<string, FoundTopic>> => {
  for (const until = performance.now() + patience; ; await sleep(200)) {
    const found = await findTopics(admin, names).catch((caught: unknown) => {
      if ((caught as { type?: string }).type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw caught;
      return new Map<string, FoundTopic>();
    });
    if (names.every((name) => found.has(name)) || performance.now() > until) return found;
  }
};

/**
 * What the bus needs before it starts: every topic, readable, and as durable as the settings say.
 * @returns each topic's partitions, by the name that the bus knows it by
 * @throws Problem `config.invalid` that names the setting
 */
export const checkTopics = async (
  admin: Admin,
  settings: KafkaSettings & {
    topics: readonly string[];
    durable?: Pick<TopicSettings, 'replicationFactor' | 'minInsyncReplicas'>;
    /** ms that a topic may take to be known everywhere */
    patience?: number;
  },
): Promise<Map<string, number>> => {
  const found = await awaitTopics(
    admin,
    settings.topics.map((topic) => topicName(settings, topic)),
    settings.patience,
  );
  const missing = settings.topics.filter((topic) => !found.has(topicName(settings, topic)));
  if (missing.length > 0) {
    const others = missing.length > 1 ? ` and ${missing.length - 1} more are` : ' is';
    const detail = `${topicName(settings, missing[0] as string)}${others} missing: medshare migrate makes them`;
    throw problem('config.invalid', { where: 'kafka.topics', detail });
  }
  for (const [name, topic] of found) {
    checkReadable(name, topic);
    checkDurable(name, topic, settings.durable);
  }
  return new Map(settings.topics.map((topic) => [topic, found.get(topicName(settings, topic))?.partitions ?? 0]));
};

/** What the library reads; `producer` leaves ours as we send it, which is uncompressed. */
const readable: ReadonlySet<string> = new Set(['uncompressed', 'gzip', 'producer']);

const checkReadable = (name: string, { settings }: FoundTopic): void => {
  const compression = settings.get(COMPRESSION);
  if (compression === undefined || readable.has(compression)) return;
  const detail = `${name} says ${COMPRESSION}=${compression}, which this release cannot read: medshare migrate sets uncompressed`;
  throw problem('config.invalid', { where: 'kafka.topics', detail });
};

const checkDurable = (
  name: string,
  { replicas, settings }: FoundTopic,
  durable?: Pick<TopicSettings, 'replicationFactor' | 'minInsyncReplicas'>,
): void => {
  if (!durable) return;
  const { replicationFactor, minInsyncReplicas } = durable;
  if (replicas < replicationFactor)
    throw invalid(
      'replicationFactor',
      `${name} is kept by ${replicas} brokers, not ${replicationFactor}: reassign it with Kafka's own tools`,
    );
  const inSync = Number(settings.get('min.insync.replicas'));
  if (inSync < minInsyncReplicas)
    throw invalid('minInsyncReplicas', `${name} says ${inSync}, not ${minInsyncReplicas}: medshare migrate sets it`);
  if (settings.get('unclean.leader.election.enable') === 'true')
    throw invalid(
      'minInsyncReplicas',
      `${name} allows unclean elections, which lose events: medshare migrate forbids them`,
    );
};

/**
 * Makes what is missing and brings settings of what there is to these. Safe to repeat.
 * @returns what was done, a line each
 * @throws Problem `config.invalid` for what cannot be done without losing order
 */
export const migrateTopics = async (
  admin: Admin,
  settings: KafkaSettings & { topics: readonly string[] },
  wanted: TopicSettings,
): Promise<string[]> => {
  if (wanted.minInsyncReplicas > wanted.replicationFactor)
    throw invalid('minInsyncReplicas', 'must not be more than kafka.topics.replicationFactor');
  const names = [...settings.topics, DEAD_LETTERS].map((topic) => topicName(settings, topic));
  const found = await findTopics(admin, names);
  const dead = topicName(settings, DEAD_LETTERS);
  const partitionsOf = (name: string) => (name === dead ? 1 : wanted.partitions);
  const entries = (name: string) => (name === dead ? entriesOfDead(wanted, found.get(dead)) : entriesOf(wanted));
  // what cannot be done is refused before anything is done
  const growing = [...found].filter(([name, { partitions }]) => partitions !== partitionsOf(name));
  for (const [name, { partitions }] of growing) await checkGrowth(admin, name, partitions, partitionsOf(name));
  const missing = names
    .filter((name) => !found.has(name))
    .map((topic): ITopicConfig => ({
      topic,
      numPartitions: partitionsOf(topic),
      replicationFactor: wanted.replicationFactor,
      configEntries: entries(topic),
    }));
  const done: string[] = [];
  if (missing.length > 0) {
    await admin.createTopics({ topics: missing, waitForLeaders: false, timeout: 15_000 });
    await awaitTopics(
      admin,
      missing.map(({ topic }) => topic),
    );
    done.push(...missing.map(({ topic }) => `topic ${topic}`));
  }
  for (const [name] of growing) {
    await admin.createPartitions({ topicPartitions: [{ topic: name, count: partitionsOf(name) }] });
    done.push(`topic ${name}: ${partitionsOf(name)} partitions`);
  }
  for (const [name, topic] of found)
    if (await bringSettings(admin, name, topic, entries(name))) done.push(`topic ${name}: settings`);
  return done;
};

/** A key's partition follows from the count: with another count its later events would overtake those that are kept. */
const checkGrowth = async (admin: Admin, name: string, from: number, to: number): Promise<void> => {
  if (to < from) throw invalid('partitions', `${name} has ${from} partitions, and Kafka takes none away: say ${from}`);
  const offsets = await admin.fetchTopicOffsets(name);
  if (offsets.every(({ high, low }) => high === low)) return;
  throw invalid(
    'partitions',
    `${name} has ${from} partitions and keeps events: with ${to} a patient's later events would overtake them. Say ${from}, ` +
      `or stop every role, wait until the topic is empty, and migrate then`,
  );
};

const bringSettings = async (
  admin: Admin,
  name: string,
  { settings }: FoundTopic,
  entries: readonly Entry[],
): Promise<boolean> => {
  if (entries.every(({ name: key, value }) => settings.get(key) === value)) return false;
  // the library's call replaces all of a topic's settings: what an operator set beside ours stays
  const own = new Set(entries.map(({ name: key }) => key));
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name }],
  });
  const others = (resources[0]?.configEntries ?? [])
    .filter(
      ({ configName, configSource }) => configSource === kafkajs.ConfigSource.TOPIC_CONFIG && !own.has(configName),
    )
    .map(({ configName, configValue }) => ({ name: configName, value: configValue }));
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name, configEntries: [...entries, ...others] }],
  });
  return true;
};
