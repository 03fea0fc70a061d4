import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@medshare/database/embedded-postgres.driver';
import { eventually, freshDatabase, killHard, spawnScript, tempDir, type FreshDatabase } from '@medshare/testkit';
import type { BusMessage } from './bus.port.js';
import { openPostgresLog } from './postgres-log.driver.js';

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
});
