import type { Admin } from 'kafkajs';
import type { Lag } from '../bus.port.js';
import { readGroupName, topicName, type KafkaSettings } from './settings.js';
import { DEAD_LETTERS } from './topics.js';

interface Place {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  /** the first offset not done */
  readonly next: number;
  /** of what is kept of the partition: its first offset, and the one after its last */
  readonly low: number;
  readonly high: number;
}

/** How far each group of the bus is in each partition. A group that has done nothing yet stands at the beginning. */
const placesOf = async (admin: Admin, settings: KafkaSettings): Promise<Place[]> => {
  const { groups } = await admin.listGroups();
  const own = groups.flatMap(({ groupId }) => {
    const named = readGroupName(settings, groupId);
    return named ? [{ groupId, ...named }] : [];
  });
  const topics = new Map<string, { partition: number; low: string; high: string }[]>();
  // one after the other: calls at once overwrite what the library knows of the others' topics
  for (const topic of new Set(own.map((each) => each.topic)))
    topics.set(topic, await admin.fetchTopicOffsets(topicName(settings, topic)));
  const places: Place[] = [];
  for (const { groupId, group, topic } of own) {
    const [committed] = await admin.fetchOffsets({ groupId, topics: [topicName(settings, topic)] });
    const nexts = new Map(committed?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
    for (const { partition, low, high } of topics.get(topic) ?? []) {
      const next = Math.max(nexts.get(partition) ?? -1, Number(low));
      places.push({ group, topic, partition, low: Number(low), high: Number(high), next });
    }
  }
  return places;
};

/** Dead letters count too: whoever mends them is behind by what nobody mended. */
export const lagOf = async (admin: Admin, settings: KafkaSettings): Promise<Lag[]> => {
  const places = await placesOf(admin, settings);
  const [dead] = await admin.fetchTopicOffsets(topicName(settings, DEAD_LETTERS));
  const letters = Number(dead?.high ?? 0) - Number(dead?.low ?? 0);
  const lags = places.map(({ group, topic, partition, next, high }) => ({
    group,
    topic,
    partition,
    lag: Math.max(0, high - next),
  }));
  return [...lags, { group: 'mend', topic: DEAD_LETTERS, partition: 0, lag: letters }];
};

/** Deletes what is older than an instant (ms) and done by every group of its topic. @returns how many */
export const removeBefore = async (admin: Admin, settings: KafkaSettings, instant: number): Promise<number> => {
  const places = await placesOf(admin, settings);
  let removed = 0;
  for (const topic of new Set(places.map((place) => place.topic))) {
    const name = topicName(settings, topic);
    const young = new Map(
      (await admin.fetchTopicOffsetsByTimestamp(name, instant)).map(({ partition, offset }) => [
        partition,
        Number(offset),
      ]),
    );
    const ends = new Map<number, { low: number; until: number }>();
    for (const { partition, next, low } of places.filter((place) => place.topic === topic)) {
      const until = Math.min(next, young.get(partition) ?? low, ends.get(partition)?.until ?? Infinity);
      ends.set(partition, { low, until });
    }
    const old = [...ends].filter(([, { low, until }]) => until > low);
    if (old.length === 0) continue;
    await admin.deleteTopicRecords({
      topic: name,
      partitions: old.map(([partition, { until }]) => ({ partition, offset: String(until) })),
    });
    removed += old.reduce((sum, [, { low, until }]) => sum + until - low, 0);
  }
  return removed;
};
