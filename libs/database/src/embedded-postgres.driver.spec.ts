import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, freePort, killHard, lineOf, spawnScript, tempDir } from '@medshare/testkit';
import pg from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded-postgres.driver.js';
import { closedFolder, hydrateSymlinks } from './embedded/programs.js';
import { isAlive } from './embedded/running-server.js';
import { isUnavailable, openDatabase } from './index.js';

let folder: { path: string; remove(): Promise<void> };
const running: EmbeddedPostgres[] = [];
const start = async (options: { port?: number } = {}) => {
  const server = await startEmbeddedPostgres({ dataDir: join(folder.path, 'pg'), ...options });
  running.push(server);
  return server;
};

beforeAll(async () => {
  folder = await tempDir();
}, 120_000);
afterAll(async () => {
  await Promise.all(running.map((server) => server.stop()));
  await folder.remove();
});

const ask = async (url: string, text: string): Promise<unknown> => {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query<{ v: unknown }>(text)).rows[0]?.v;
  } finally {
    await client.end();
  }
};

describe('the embedded PostgreSQL', () => {
  it('is durable, UTF-8, on the loopback only, behind a password of its own', async () => {
    const server = await start();
    const settings = [
      'fsync',
      'synchronous_commit',
      'listen_addresses',
      'unix_socket_directories',
      'server_encoding',
      'lc_messages',
    ];
    const values = await Promise.all(
      settings.map((name) => ask(server.adminUrl, `SELECT current_setting('${name}') v`)),
    );
    expect(values).toEqual(['on', 'on', '127.0.0.1', '', 'UTF8', 'C']);
    expect(await ask(server.adminUrl, "SELECT datcollate v FROM pg_database WHERE datname = 'postgres'")).toBe('C');
    const wrong = server.adminUrl.replace(/:[^:@/]+@/, ':guess@');
    await expect(ask(wrong, 'SELECT 1 v')).rejects.toThrow('authentication failed');
    const file = await stat(join(folder.path, 'pg', 'password'));
    expect(file.mode & 0o777).toBe(0o600);
    expect((await readFile(join(folder.path, 'pg', 'password'), 'utf8')).length).toBe(43);
  }, 120_000);

  it('keeps port, password and rows over a stop', async () => {
    const server = await start();
    await ask(server.adminUrl, 'CREATE TABLE kept (n int)');
    await server.stop();
    expect(await isAlive(server.pid)).toBe(false);
    const again = await start();
    expect([again.port, again.adminUrl]).toEqual([server.port, server.adminUrl]);
    expect(await ask(again.adminUrl, 'SELECT count(*)::int v FROM kept')).toBe(0);
  }, 120_000);

  it('lets each institution into its own database only', async () => {
    const server = await start();
    const harbor = await server.ensureDatabase({ name: 'harbor', user: 'harbor', password: 'p@ss/wörd%41' });
    const lakeside = await server.ensureDatabase({ name: 'lakeside', user: 'lakeside', password: 'other' });
    expect(await ask(harbor, 'SELECT current_user v')).toBe('harbor');
    const trespass = (database: string) => ask(harbor.replace(/\/harbor$/, `/${database}`), 'SELECT 1 v');
    for (const closed of ['lakeside', 'postgres', 'template1'])
      await expect(trespass(closed)).rejects.toThrow('permission denied');
    expect(await server.ensureDatabase({ name: 'harbor', user: 'harbor', password: 'changed' })).not.toBe(harbor);
    await expect(ask(harbor, 'SELECT 1 v')).rejects.toThrow('authentication failed');
    expect(await ask(lakeside, 'SELECT current_database() v')).toBe('lakeside');
  }, 120_000);

  it('takes over the server that a killed process left running', async () => {
    await Promise.all(running.splice(0).map((server) => server.stop()));
    const child = spawnScript(new URL('./embedded/orphan.fixture.mjs', import.meta.url), {
      args: [join(folder.path, 'pg')],
    });
    const pid = Number((await lineOf(child, /^pid \d+$/)).slice(4));
    await killHard(child);
    expect(await isAlive(pid)).toBe(true);
    const server = await start();
    expect(server.pid).toBe(pid);
    expect(await ask(server.adminUrl, 'SELECT 1 v')).toBe(1);
    await server.stop();
    expect(await isAlive(pid)).toBe(false);
  }, 120_000);

  it('stops the one left behind when another port is asked for', async () => {
    const server = await start();
    const port = await freePort();
    const moved = await start({ port });
    expect([moved.port, await isAlive(server.pid)]).toEqual([port, false]);
    await moved.stop();
  }, 120_000);

  it('starts although postmaster.pid names a process that is no PostgreSQL', async () => {
    const data = join(folder.path, 'pg', 'data');
    await writeFile(join(data, 'postmaster.pid'), `${process.pid}\n${data}\n0\n5432\n\n127.0.0.1\n`);
    const server = await start();
    expect(server.pid).not.toBe(process.pid);
  }, 120_000);

  it('loses nothing acknowledged to kill -9', async () => {
    const server = await start();
    await ask(server.adminUrl, 'CREATE TABLE written (n int PRIMARY KEY)');
    const db = openDatabase({ url: server.adminUrl, schema: 'public', max: 4 });
    const acknowledged: number[] = [];
    let next = 0;
    const write = async () => {
      for (;;) {
        const n = next++;
        await db.query('INSERT INTO written VALUES ($1)', [n]);
        acknowledged.push(n);
      }
    };
    const writers = Array.from({ length: 4 }, () => write().catch((caught: unknown) => caught));
    await eventually(() => acknowledged.length > 300, { timeout: 30_000 });
    process.kill(server.pid, 'SIGKILL');
    const reasons = await Promise.all(writers);
    expect(reasons.map((reason) => (reason as { code?: string }).code)).toEqual(Array(4).fill('storage.unavailable'));
    const again = await start();
    const { rows } = await db.query<{ n: number }>('SELECT n FROM written');
    const found = new Set(rows.map((row) => row.n));
    expect(acknowledged.filter((n) => !found.has(n))).toEqual([]);
    expect(again.port).toBe(server.port);
    await db.close();
  }, 120_000);
});

describe('its programs', () => {
  it('get their library links where no install script made them', async () => {
    const native = join(folder.path, 'package', 'native');
    await mkdir(join(native, 'lib'), { recursive: true });
    await writeFile(join(native, 'lib', 'a.so.1.2'), 'library');
    await writeFile(
      join(native, 'pg-symlinks.json'),
      JSON.stringify([{ source: 'native/lib/a.so.1.2', target: 'native/lib/a.so' }]),
    );
    expect(await hydrateSymlinks(native)).toBe(1);
    expect(await readFile(join(native, 'lib', 'a.so'), 'utf8')).toBe('library');
    expect(await hydrateSymlinks(native)).toBe(0);
  });

  it('are refused by the name of the folder that the server cannot enter', async () => {
    const closed = join(folder.path, 'closed');
    await mkdir(join(closed, 'inner'), { recursive: true, mode: 0o755 });
    expect(await closedFolder(join(closed, 'inner'), 65_534)).toBeUndefined();
    await mkdir(join(folder.path, 'locked', 'inner'), { recursive: true, mode: 0o700 });
    expect(await closedFolder(join(folder.path, 'locked', 'inner'), 65_534)).toBe(join(folder.path, 'locked', 'inner'));
    await rm(closed, { recursive: true });
  });
});

describe('an error of pg', () => {
  it.each([
    ['08006', true],
    ['57P01', true],
    ['57P03', true],
    ['53300', true],
    ['ECONNREFUSED', true],
    ['23505', false],
    ['22P02', false],
    ['57014', false],
  ])('%s is the connection’s fault: %p', (code, expected) => {
    expect(isUnavailable(Object.assign(new Error('x'), { code }))).toBe(expected);
  });
});
