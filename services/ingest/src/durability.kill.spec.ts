import { join } from 'node:path';
import { startEmbeddedPostgres } from '@medshare/database/embedded-postgres.driver';
import {
  eventually,
  freshDatabase,
  killHard,
  lineOf,
  spawnScript,
  tempDir,
  type FreshDatabase,
} from '@medshare/testkit';
import pg from 'pg';
import { assembleIngest } from './assemble-ingest.js';
import { MllpServer } from './entry/mllp-server.js';
import { CountingMetrics, openContext, settings } from './fixture/ingest.fixture.js';
import { admission, codeOf, idOf, MllpClient } from './fixture/mllp-client.fixture.js';
import { KeyedHashes } from './keyed-hashes.js';

/** How often each control id stands in the inbox. */
async function occurrences(url: string, hashes: KeyedHashes, ids: readonly string[]): Promise<Map<string, number>> {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query<{ key: string; n: number }>(
    'SELECT key, count(*)::int n FROM ingest.message m JOIN transit.payload p ON p.ref = m.payload GROUP BY key',
  );
  await client.end();
  const found = new Map(rows.map(({ key, n }) => [key, n]));
  return new Map(ids.map((id) => [id, found.get(hashes.message('hl7v2', 'HIS', 'HARBOR', id)) ?? 0]));
}

describe('what was acknowledged', () => {
  let fresh: FreshDatabase;
  beforeAll(async () => {
    fresh = await freshDatabase();
  }, 120_000);
  afterAll(() => fresh.drop());

  it('stands in the inbox exactly once after kill -9 in the middle of pipelined streams, also when the sender repeats it', async () => {
    const start = async () => {
      const child = spawnScript(new URL('./fixture/ingest-process.fixture.ts', import.meta.url), { args: [fresh.url] });
      return { child, port: Number((await lineOf(child, /^port/)).split(' ')[1]) };
    };
    const length = wholeHunts ? 400 : 160;
    const acknowledged = new Set<string>();
    const sent: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const { child, port } = await start();
      const clients = await Promise.all([0, 1, 2, 3].map(() => MllpClient.to(port)));
      clients.forEach((client, c) => {
        for (let n = 0; n < length; n += 1) {
          sent.push(`K-${round}-${c}-${n}`);
          client.send(admission(`K-${round}-${c}-${n}`, `E-${n % 9}`));
        }
      });
      await clients[0]!.answer(((2 + 3 * round) * length) / 20);
      await killHard(child);
      await Promise.all(clients.map((client) => eventually(() => client.closed)));
      for (const client of clients)
        for (const ack of client.heard) if (codeOf(ack) === 'AA') acknowledged.add(idOf(ack) ?? '');
    }
    expect(acknowledged.size).toBeGreaterThan(100);
    expect(acknowledged.size).toBeLessThan(sent.length);
    // as a hospital would: everything once more
    const { child, port } = await start();
    const again = await MllpClient.to(port);
    for (const id of sent) again.send(admission(id, `E-${Number(id.split('-')[3]) % 9}`));
    const before = await occurrences(fresh.url, new KeyedHashes(hashed), [...acknowledged]);
    await again.answer(sent.length - 1);
    await killHard(child);
    expect([...before.values()].every((n) => n === 1)).toBe(true);
    expect(again.heard.every((ack) => codeOf(ack) === 'AA')).toBe(true);
    const after = await occurrences(fresh.url, new KeyedHashes(hashed), sent);
    expect([...after.values()].every((n) => n === 1)).toBe(true);
  }, 120_000);
});

let hashed: (system: string, value: string) => string;
beforeAll(async () => {
  const { url, drop } = await freshDatabase();
  const { context, close } = await openContext(url);
  hashed = context.patientKey;
  await close();
  await drop();
}, 120_000);

describe('without its database', () => {
  it('answers AE or AR and never AA, and goes on by itself when the database is back', async () => {
    const folder = await tempDir();
    const start = () => startEmbeddedPostgres({ dataDir: join(folder.path, 'pg') });
    let postgres = await start();
    const url = await postgres.ensureDatabase({ name: 'harbor', user: 'harbor', password: 'x' });
    const { context, close } = await openContext(url);
    const metrics = new CountingMetrics();
    const config = settings();
    const server = new MllpServer(config.mllp, assembleIngest(context, config, metrics), { ...context, metrics });
    await server.listen();
    const client = await MllpClient.to(server.port);
    const answers = new Map<string, string | undefined>();
    const ask = async (id: string) => answers.set(id, codeOf(await client.ask(admission(id))));
    for (let n = 0; n < 20; n += 1) await ask(`B-${n}`);
    process.kill(postgres.pid, 'SIGKILL');
    // its backends live on for a moment, and what they commit is durable
    for (let n = 0; answers.get(`C-${n - 1}`) !== 'AE'; n += 1) await ask(`C-${n}`);
    for (let n = 0; n < 5; n += 1) await ask(`D-${n}`);
    postgres = await start();
    await eventually(
      async () => {
        await ask('E-1');
        return answers.get('E-1') === 'AA';
      },
      { timeout: 30_000 },
    );
    await server.stop();
    const found = await occurrences(url, new KeyedHashes(hashed), [...answers.keys()]);
    for (const [id, code] of answers) if (code === 'AA') expect([id, found.get(id)]).toEqual([id, 1]);
    expect([...answers.values()].filter((code) => code === 'AE').length).toBeGreaterThanOrEqual(4);
    expect(metrics.counts['refused storage.unavailable']).toBeGreaterThanOrEqual(4);
    await close();
    await postgres.stop();
    await folder.remove();
  }, 120_000);
});

describe('a graceful stop', () => {
  it('answers what was read, refuses new senders', async () => {
    const fresh = await freshDatabase();
    const { context, close } = await openContext(fresh.url);
    const config = settings();
    const metrics = new CountingMetrics();
    const server = new MllpServer(config.mllp, assembleIngest(context, config, metrics), { ...context, metrics });
    await server.listen();
    const client = await MllpClient.to(server.port);
    for (let n = 0; n < 100; n += 1) client.send(admission(`S-${n}`));
    await client.answer(0);
    const port = server.port;
    await server.stop();
    await eventually(() => client.closed);
    const acknowledged = client.heard.filter((ack) => codeOf(ack) === 'AA').length;
    const { rows } = await context.database.query<{ n: number }>('SELECT count(*)::int n FROM message');
    expect(acknowledged).toBe(rows[0]?.n);
    await expect(MllpClient.to(port)).rejects.toThrow();
    await close();
    await fresh.drop();
  });
});
