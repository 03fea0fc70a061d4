import { eventually, freshDatabase, withPostgres, type FreshDatabase } from '@medshare/testkit';
import pg from 'pg';
import type { BusMessage } from './bus.port.js';
import { busContract } from './bus.port.contract.js';
import { retryDelay } from './hand-over.js';
import { partitionOf } from './message.js';
import { openPostgresLog } from './postgres-log.driver.js';

busContract('a log in PostgreSQL', async () => {
  const { url } = await freshDatabase();
  return { open: () => openPostgresLog({ url, pollEvery: 200 }) };
});

const message = (topic: string, key: string, n: number): BusMessage => ({
  id: `${topic}-${n}`,
  topic,
  key,
  headers: {},
  value: { n },
});

describe('the log in PostgreSQL', () => {
  let fresh: FreshDatabase;
  beforeAll(async () => {
    fresh = await freshDatabase();
  }, 120_000);
  afterAll(() => fresh.drop());

  it('holds one connection while idle, whatever the number of subscriptions', async () => {
    const { url, drop } = await freshDatabase();
    const bus = await openPostgresLog({ url, pollEvery: 60_000 });
    for (let i = 0; i < 20; i++)
      await bus.subscribe({ group: `g${i}`, topic: 'idle', handler: () => Promise.resolve() });
    const admin = new pg.Client((await withPostgres()).adminUrl);
    await admin.connect();
    const database = new URL(url).pathname.slice(1);
    const count = async () => {
      const { rows } = await admin.query<{ n: number }>(
        'SELECT count(*)::int n FROM pg_stat_activity WHERE datname = $1',
        [database],
      );
      return rows[0]!.n;
    };
    await eventually(async () => (await count()) === 1, { timeout: 25_000, interval: 500 });
    await Promise.all([admin.end(), bus.close()]);
    await drop();
  }, 40_000);

  it('forgets what every group has done, and keeps what one has not', async () => {
    const { url, drop } = await freshDatabase();
    const bus = await openPostgresLog({ url, pollEvery: 100 });
    const seen: string[] = [];
    const done = await bus.subscribe({
      group: 'done',
      topic: 'old',
      handler: (got) => Promise.resolve(void seen.push(got.id)),
    });
    let stuck = true;
    const late: string[] = [];
    await bus.subscribe({
      group: 'late',
      topic: 'old',
      handler: (got) => (stuck ? Promise.reject(new Error('no')) : Promise.resolve(void late.push(got.id))),
    });
    await bus.publish([1, 2, 3].map((n) => message('old', 'k', n)));
    await eventually(() => seen.length === 3);
    const later = () => bus.removeBefore(Date.now() + 60_000);
    expect(await later()).toBe(0);
    stuck = false;
    await eventually(() => late.length === 3);
    await eventually(async () => (await later()) === 3);
    await done.close();
    await bus.publish([message('old', 'k', 4)]);
    // a group that begins after the forgetting begins with what is left
    const newcomer: string[] = [];
    await bus.subscribe({ group: 'new', topic: 'old', handler: (got) => Promise.resolve(void newcomer.push(got.id)) });
    await eventually(() => newcomer.length === 1);
    expect(newcomer).toEqual(['old-4']);
    await bus.close();
    await drop();
  });

  it('keeps the partition count that a topic was made with', async () => {
    const { url, drop } = await freshDatabase();
    const small = await openPostgresLog({ url, partitions: 2 });
    await small.publish([message('fixed', 'k', 1)]);
    await small.close();
    const bus = await openPostgresLog({ url, partitions: 64 });
    await bus.subscribe({ group: 'g', topic: 'fixed', handler: () => Promise.resolve() });
    expect((await bus.lag()).filter(({ topic }) => topic === 'fixed')).toHaveLength(2);
    await bus.close();
    await drop();
  });

  it('places keys the same for ever', () => {
    expect(['a', 'b', 'patient-1'].map((key) => partitionOf(key, 8))).toEqual([2, 6, 6]);
    expect([1, 2, 9, 50].map(retryDelay)).toEqual([100, 200, 25_600, 30_000]);
  });
});
