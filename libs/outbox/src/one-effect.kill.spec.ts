import { migrate, openDatabase } from '@medshare/database';
import { startEmbeddedPostgres } from '@medshare/database/embedded-postgres.driver';
import { eventually, killHard, lineOf, seededRandom, spawnScript, tempDir } from '@medshare/testkit';
import { join } from 'node:path';
import { Outbox, outboxMigrations } from './index.js';

const random = seededRandom('one-effect');
const EVENTS = 1_200;
const KEYS = 25;

describe('from outbox to effect', () => {
  let folder: { path: string; remove(): Promise<void> };
  const start = () => startEmbeddedPostgres({ dataDir: join(folder.path, 'pg') });

  beforeAll(async () => {
    folder = await tempDir();
  }, 120_000);
  afterAll(async () => {
    await (await start()).stop();
    await folder.remove();
  });

  it('every acknowledged event has one effect, in order of its key, though processes and PostgreSQL are killed with -9', async () => {
    const server = await start();
    const url = await server.ensureDatabase({ name: 'harbor', user: 'harbor', password: 'x' });
    await migrate(url, 'vault', [outboxMigrations]);
    const db = openDatabase({ url, schema: 'vault' });
    await db.query('CREATE TABLE effect (seq serial, key text, n int)');
    const outbox = new Outbox();
    const acknowledged: number[] = [];
    const write = async (from: number, to: number) => {
      for (let n = from; n < to; n++) {
        const event = { id: random.uuid(), topic: 'record.sealed', key: `k${n % KEYS}`, headers: {}, value: { n } };
        await db
          .transaction((tx) => outbox.append(tx, [event]))
          .then(
            () => acknowledged.push(n),
            () => undefined,
          );
      }
    };
    const role = (dieAt: number) =>
      spawnScript(new URL('./consumer.fixture.ts', import.meta.url), { args: [url, String(dieAt)] });
    const ended = (child: ReturnType<typeof role>) => new Promise((resolve) => child.once('exit', resolve));

    const first = role(100);
    await Promise.all([write(0, EVENTS / 2), ended(first)]);
    expect(first.signalCode).toBe('SIGKILL');
    const replicas = [role(0), role(0)];
    // a replica that starts while the database is away refuses to start: that is its supervisor's business, not this test's
    await Promise.all(replicas.map((replica) => lineOf(replica, /^ready$/)));
    const writing = write(EVENTS / 2, EVENTS);
    await eventually(() => acknowledged.length > EVENTS / 2 + 100);
    process.kill(server.pid, 'SIGKILL');
    await start();
    await writing;

    const effects = async () =>
      (await db.query<{ key: string; n: number }>('SELECT key, n FROM effect ORDER BY seq')).rows;
    await eventually(
      async () => {
        const done = new Set((await effects()).map(({ n }) => n));
        return acknowledged.every((n) => done.has(n));
      },
      { timeout: 60_000, interval: 200 },
    );
    expect(replicas.map(({ exitCode, signalCode }) => [exitCode, signalCode])).toEqual(Array(2).fill([null, null]));
    await Promise.all(replicas.map(killHard));
    const all = await effects();
    expect(acknowledged.length).toBeGreaterThan(EVENTS / 2 + 100);
    expect(new Set(all.map(({ n }) => n)).size).toBe(all.length);
    for (let k = 0; k < KEYS; k++) {
      const numbers = all.filter(({ key }) => key === `k${k}`).map(({ n }) => n);
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    }
    await db.close();
  }, 120_000);
});
