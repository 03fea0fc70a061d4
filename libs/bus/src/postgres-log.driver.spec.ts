import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@medshare/database/embedded-postgres.driver';
import {
  eventually,
  freshDatabase,
  killHard,
  spawnScript,
  tempDir,
  withPostgres,
  type FreshDatabase,
} from '@medshare/testkit';
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
  let folder: { path: string; remove(): Promise<void> };
  beforeAll(async () => {
    [fresh, folder] = await Promise.all([freshDatabase(), tempDir()]);
  }, 120_000);
  afterAll(() => Promise.all([fresh.drop(), folder.remove()]));

  it('loses none and keeps the order when a consumer is killed with -9', async () => {
    const bus = await openPostgresLog({ url: fresh.url });
    for (let from = 0; from < 2_000; from += 200) {
      await bus.publish(Array.from({ length: 200 }, (_, i) => message('crash', `k${(from + i) % 30}`, from + i)));
    }
    const file = join(folder.path, 'seen');
    const consume = (killAfter: number) =>
      spawnScript(new URL('./consumer.fixture.ts', import.meta.url), {
        args: [fresh.url, file, String(killAfter)],
        stdio: 'ignore',
      });
    for (const killAfter of [333, 555]) {
      const child = consume(killAfter);
      await new Promise((resolve) => child.once('exit', resolve));
      expect(child.signalCode).toBe('SIGKILL');
    }
    const last = consume(0);
    await eventually(async () => (await bus.lag()).every(({ lag }) => lag === 0), { timeout: 30_000 });
    await killHard(last);
    await bus.close();

    const lines = (await readFile(file, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
    const firsts = new Map<string, number[]>();
    for (const [key = '', n] of lines) {
      const known = firsts.get(key) ?? [];
      firsts.set(key, known.includes(Number(n)) ? known : [...known, Number(n)]);
    }
    // the positive control: a kill repeats what was not noted, so more lines than messages
    expect(lines.length).toBeGreaterThan(2_000);
    expect([...firsts.values()].flat()).toHaveLength(2_000);
    for (const numbers of firsts.values()) expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  }, 90_000);

  it('loses nothing acknowledged when PostgreSQL is killed with -9, and goes on by itself', async () => {
    const start = () => startEmbeddedPostgres({ dataDir: join(folder.path, 'pg') });
    const server = await start();
    const url = await server.ensureDatabase({ name: 'harbor', user: 'harbor', password: 'x' });
    const bus = await openPostgresLog({ url, pollEvery: 100 });
    const seen = new Set<number>();
    await bus.subscribe({
      group: 'g',
      topic: 'kill',
      handler: (got) => Promise.resolve(void seen.add((got.value as { n: number }).n)),
    });
    const acknowledged: number[] = [];
    let failures = 0;
    for (let n = 0; n < 400; n++) {
      if (n === 150) process.kill(server.pid, 'SIGKILL');
      await bus.publish([message('kill', `k${n % 7}`, n)]).then(
        () => acknowledged.push(n),
        (caught: unknown) => {
          expect(caught).toMatchObject({ code: 'bus.unavailable' });
          failures++;
        },
      );
      if (failures === 5) await start();
    }
    expect(failures).toBeGreaterThanOrEqual(5);
    expect(acknowledged.length).toBeGreaterThan(300);
    await eventually(() => acknowledged.every((n) => seen.has(n)), { timeout: 30_000 });
    await bus.close();
    await (await start()).stop();
  }, 120_000);

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
