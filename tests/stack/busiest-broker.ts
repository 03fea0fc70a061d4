import { readFile } from 'node:fs/promises';
import kafkajs from 'kafkajs';
import { brokersOf, kafkaSecret } from './servers/kafka.js';
import type { Stack } from './stack.js';

/** @returns the server that leads the partition with the most events of an institution */
export async function busiestBroker(stack: Stack, institution: string): Promise<string> {
  const kafka = new kafkajs.Kafka({
    clientId: 'busiest-broker',
    brokers: brokersOf(stack),
    ssl: { ca: [await readFile(stack.certificates.authorityFile, 'utf8')] },
    sasl: { mechanism: 'scram-sha-512', username: 'admin', password: await stack.secrets.get(kafkaSecret('admin')) },
    logLevel: kafkajs.logLevel.NOTHING,
  });
  const admin = kafka.admin();
  await admin.connect();
  try {
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
  } finally {
    await admin.disconnect();
  }
}
