import { Turns } from '@medshare/clock/turns';
import { problem, type Problem } from '@medshare/problems';
import { eventually } from '@medshare/testkit';
import type { Consumer, ConsumerRunConfig, EachBatchPayload, KafkaMessage } from 'kafkajs';
import { encodeMessage } from '../message.js';
import { GroupConsumer, type GroupConsumerOptions } from './group-consumer.js';
import { toRecord } from './record.js';

type Listener = (event: { payload: unknown }) => void;

/** A member of a group that gets what it is given, and notes what it commits. */
const member = () => {
  const listeners = new Map<string, Listener>();
  const commits: string[] = [];
  let eachBatch: ConsumerRunConfig['eachBatch'];
  let gone = false;
  const consumer = {
    events: { CRASH: 'crash', GROUP_JOIN: 'join', HEARTBEAT: 'beat' },
    on: (name: string, listener: Listener) => void listeners.set(name, listener),
    connect: () => Promise.resolve(),
    subscribe: () => Promise.resolve(),
    run: (config: ConsumerRunConfig) => Promise.resolve(void (eachBatch = config.eachBatch)),
    disconnect: () => Promise.resolve(void (gone = true)),
    commitOffsets: ([first]: { offset: string }[]) => {
      commits.push(first?.offset ?? '');
      return gone ? Promise.reject(new Error('no group')) : Promise.resolve();
    },
  };
  const paused: number[] = [];
  const give = (partition: number, messages: KafkaMessage[]) =>
    eachBatch?.({
      batch: { partition, messages },
      resolveOffset: () => undefined,
      heartbeat: () => Promise.resolve(),
      isRunning: () => !gone,
      pause: () => (paused.push(partition), () => undefined),
    } as unknown as EachBatchPayload);
  const crash = () => listeners.get('crash')?.({ payload: { error: new Error('crashed') } });
  return { consumer: consumer as unknown as Consumer, give, crash, commits, paused };
};

const kept = (offset: number, record: { key?: unknown; value: unknown; headers?: object }): KafkaMessage => ({
  key: record.key === undefined ? null : Buffer.from(record.key as string),
  value: Buffer.from(record.value as string),
  headers: Object.fromEntries(
    Object.entries(record.headers ?? {}).map(([name, value]) => [name, Buffer.from(value as string)]),
  ),
  timestamp: '0',
  attributes: 0,
  offset: String(offset),
});
const event = (n: number) =>
  kept(
    n,
    toRecord(encodeMessage({ id: `i${n}`, topic: 't', key: `k${n}`, headers: {}, value: n })) as { value: string },
  );

const start = async (options: Partial<GroupConsumerOptions> = {}) => {
  const members: ReturnType<typeof member>[] = [];
  const troubles: Problem[] = [];
  const make = () => {
    const made = member();
    members.push(made);
    return made.consumer;
  };
  const consumer = new GroupConsumer({
    make,
    topic: 'harbor.t',
    name: 't',
    handler: () => Promise.resolve(),
    batch: 100,
    atOnce: 1,
    setAside: () => Promise.resolve(),
    onTrouble: (found) => troubles.push(found),
    turns: new Turns(4),
    ...options,
  });
  await consumer.start();
  return { consumer, members, troubles };
};

describe('a member of a group', () => {
  it('that was replaced commits nothing more when its handler ends at last', async () => {
    let end: () => void = () => undefined;
    const handled = new Promise<void>((resolve) => (end = resolve));
    let began = false;
    const handler = () => {
      began = true;
      return handled;
    };
    const { consumer, members } = await start({ handler });
    const working = members[0]?.give(0, [event(0)]);
    await eventually(() => began);
    members[0]?.crash();
    await new Promise((resolve) => setTimeout(resolve, 20));
    end();
    await working;
    await eventually(() => members.length === 2);
    // what is committed is committed after a second
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    expect(members.map(({ commits }) => commits)).toEqual([[], []]);
    await consumer.close();
  });

  it('goes on with other partitions while a record cannot be set aside, tells it, and tries it again', async () => {
    let full = true;
    const detail = 'harbor.dead-letters takes no record as large as this one';
    const setAside = () =>
      full ? Promise.reject(problem('bus.unavailable', { where: 'kafka.topics', detail })) : Promise.resolve();
    const seen: unknown[] = [];
    const handler: GroupConsumerOptions['handler'] = ({ value }) => Promise.resolve(void seen.push(value));
    const { consumer, members, troubles } = await start({ setAside, handler });
    const [one] = members;
    const records = [kept(5, { value: 'MSH|' }), event(6)];
    await one?.give(3, records);
    await one?.give(4, [event(1)]);
    expect([seen, one?.paused, members.length]).toEqual([[1], [3], 1]);
    expect(troubles).toMatchObject([
      {
        code: 'bus.unavailable',
        where: 'kafka.topics',
        detail: `record 5 of partition 3 of harbor.t cannot be set aside, and its partition waits: ${detail}`,
      },
    ]);
    full = false;
    await one?.give(3, records);
    expect(seen).toEqual([1, 6]);
    await consumer.close();
    expect(one?.commits).toHaveLength(1);
  });
});
