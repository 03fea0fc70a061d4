import { mkdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { systemRandom } from '@medshare/clock';
import { spawnScript } from './script.js';

/** An empty database of its own for one test or spec file. */
export interface FreshDatabase {
  /** user `tester`, owner of the database, no superuser */
  readonly url: string;
  drop(): Promise<void>;
}

export interface TestPostgres {
  readonly adminUrl: string;
  freshDatabase(): Promise<FreshDatabase>;
}

const START_TIMEOUT_MS = 90_000;
const POLL_MS = 50;

/** jest's own process: workers are its children; with one worker the specs run in it, and whoever started it may be gone */
const runOf = (): number => (process.send && process.ppid > 1 ? process.ppid : process.pid);

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const read = async (folder: string): Promise<{ host: number; adminUrl?: string; failed?: string } | undefined> => {
  const text = await readFile(join(folder, 'server.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as { host: number; adminUrl?: string; failed?: string });
};

/** Whoever makes the folder starts the server; the others wait for it. */
const startOrJoin = async (folder: string): Promise<string> => {
  const stale = await read(folder);
  if (stale && !isAlive(stale.host)) await rm(folder, { recursive: true, force: true });
  const first = await mkdir(folder).then(
    () => true,
    () => false,
  );
  if (first) {
    const host = new URL('../loader/postgres-host.mjs', import.meta.url);
    spawnScript(host, { args: [folder, String(runOf())], stdio: 'ignore', detached: true }).unref();
  }
  for (let waited = 0; waited < START_TIMEOUT_MS; waited += POLL_MS) {
    const told = await read(folder);
    if (told?.failed !== undefined) throw new Error(`the tests' PostgreSQL did not start: ${told.failed}`);
    if (told?.adminUrl !== undefined) return told.adminUrl;
    await sleep(POLL_MS);
  }
  throw new Error("the tests' PostgreSQL did not start in time");
};

const onServer = async (adminUrl: string, statement: string): Promise<void> => {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
};

const makeFresh = async (adminUrl: string): Promise<FreshDatabase> => {
  const name = `t_${systemRandom.uuid().replaceAll('-', '')}`;
  await onServer(adminUrl, `CREATE DATABASE ${name} OWNER tester`);
  const url = new URL(adminUrl);
  [url.username, url.password, url.pathname] = ['tester', 'tester', `/${name}`];
  return { url: url.href, drop: () => onServer(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
};

let started: Promise<string> | undefined;

/** The one PostgreSQL of this jest run: started by whoever asks first, stopped and removed when jest's process has ended. */
export const withPostgres = async (): Promise<TestPostgres> => {
  const adminUrl = await (started ??= startOrJoin(join(tmpdir(), `medshare-test-${runOf()}`)));
  return { adminUrl, freshDatabase: () => makeFresh(adminUrl) };
};

/** An empty database on the run's server. The first call of a run takes some seconds: give its hook a timeout. */
export const freshDatabase = async (): Promise<FreshDatabase> => (await withPostgres()).freshDatabase();
