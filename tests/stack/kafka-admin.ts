import { readFile } from 'node:fs/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { until } from '../harness/demo.js';
import { brokersOf, kafkaSecret } from './servers/kafka.js';
import type { Stack } from './stack.js';

async function withAdmin<T>(stack: Stack, work: (admin: Admin) => Promise<T>): Promise<T> {
  const kafka = new kafkajs.Kafka({
    clientId: 'stack-tests',
    brokers: brokersOf(stack),
    ssl: { ca: [await readFile(stack.certificates.authorityFile, 'utf8')] },
    sasl: { mechanism: 'scram-sha-512', username: 'admin', password: await stack.secrets.get(kafkaSecret('admin')) },
    logLevel: kafkajs.logLevel.NOTHING,
  });
  const admin = kafka.admin();
  await admin.connect();
  return work(admin).finally(() => admin.disconnect());
}

/** @returns the server that leads the partition with the most events of an institution */
export const busiestBroker = (stack: Stack, institution: string): Promise<string> =>
  withAdmin(stack, async (admin) => {
    const topics = (await admin.listTopics()).filter((name) => name.startsWith(`${institution}.`));
    const loads: { topic: string; partition: number; events: number }[] = [];
    for (const topic of topics)
      for (const { partition, high, low } of await admin.fetchTopicOffsets(topic))
        loads.push({ topic, partition, events: Number(high) - Number(low) });
    const [busiest] = loads.sort((a, b) => b.events - a.events);
    if (!busiest) throw new Error(`${institution} has no topics`);
    const { topics: found } = await admin.fetchTopicMetadata({ topics: [busiest.topic] });
    const leader = found[0]?.partitions.find(({ partitionId }) => partitionId === busiest.partition)?.leader;
    return `kafka-${leader}`;
  });

/**
 * A group without members is told that it has done all that its topic holds: what a consumer does that commits offsets before effects.
 * @param group e.g. `harbor.vault:record.classified`
 * @returns how to take it back, while the group has no members
 */
export async function skipAhead(stack: Stack, group: string, topic: string): Promise<() => Promise<void>> {
  const seek = (offsets: (admin: Admin) => Promise<{ partition: number; offset: string }[]>) =>
    withAdmin(stack, async (admin) => {
      // members that were killed are missed after their session's end
      const isEmpty = async () => (await admin.describeGroups([group])).groups[0]?.state === 'Empty';
      await until(`${group} has no members`, isEmpty, 60_000);
      const [before] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
      await admin.setOffsets({ groupId: group, topic, partitions: await offsets(admin) });
      return (before?.partitions ?? []).map(({ partition, offset }) => ({ partition, offset }));
    });
  const ends = async (admin: Admin) =>
    (await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => ({ partition, offset: high }));
  const before = await seek(ends);
  return async () => void (await seek(() => Promise.resolve(before)));
}
