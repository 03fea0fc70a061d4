import { spawn, type ChildProcess } from 'node:child_process';
import { resolve as resolvePath } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemRandom, type Random } from '@medshare/clock';
import { problem } from '@medshare/problems';
import { choosePort, clusterOf, initialise, openPassword, prepareFolder } from './embedded/data-folder.js';
import { ensureDatabase, type DatabaseUser } from './embedded/ensure-database.js';
import { findPrograms, type Programs } from './embedded/programs.js';
import { answers, findRunningServer, isAlive, stopServer } from './embedded/running-server.js';
import { serverUser, type ServerUser } from './embedded/server-user.js';

export interface EmbeddedPostgresOptions {
  /** folder of the server's files, made when missing; one server a folder */
  readonly dataDir: string;
  /** default: the one of last time, else a free one */
  readonly port?: number;
  /** one line of the server's own log; carries no statement and no value */
  readonly onLog?: (line: string) => void;
  readonly random?: Random;
  /** further settings of postgresql.conf, e.g. `{ max_connections: '300' }` */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A PostgreSQL of our own on 127.0.0.1. */
export interface EmbeddedPostgres {
  /** superuser, database `postgres` */
  readonly adminUrl: string;
  readonly port: number;
  readonly pid: number;
  /** Makes user and database where missing; nobody else may connect to it. @returns its URL */
  ensureDatabase(wanted: DatabaseUser): Promise<string>;
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;
const ADOPT_TIMEOUT_MS = 10_000;
const START_ATTEMPTS = 3;

const fixedSettings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  max_connections: '300',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // a log line never carries a row's values or a statement's text
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
  log_statement: 'none',
};

interface Plan {
  readonly programs: Programs;
  readonly user: ServerUser | undefined;
  readonly cluster: string;
  readonly port: number;
  readonly adminUrl: string;
  readonly options: EmbeddedPostgresOptions;
}

const launch = ({ programs, user, cluster, port, options }: Plan): ChildProcess => {
  const settings = Object.entries({ ...fixedSettings, ...options.settings }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const child = spawn(programs.postgres, ['-D', cluster, '-p', String(port), ...settings], {
    ...user,
    cwd: cluster,
    // a session of its own: a Ctrl-C in the terminal must not stop the server while we still drain
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    for (const line of chunk.toString('utf8').split('\n')) if (line) options.onLog?.(line);
  });
  return child;
};

const waitReady = async (adminUrl: string, withinMs: number, ended: () => boolean): Promise<unknown> => {
  const tries = Math.ceil(withinMs / 100);
  let last: unknown;
  for (let tried = 0; tried < tries && !ended(); tried++) {
    last = await answers(adminUrl);
    if (last === undefined) return undefined;
    await sleep(Math.min(100, 10 * (tried + 1)));
  }
  return last ?? new Error('the server ended');
};

/** Starts the server and waits until it answers. @returns its process id */
const startOnce = async (plan: Plan): Promise<number> => {
  const child = launch(plan);
  let ended: unknown;
  child.once('error', (caught) => (ended = caught));
  child.once('exit', (code, signal) => (ended ??= new Error(`postgres exited (${code ?? signal})`)));
  const failed = await waitReady(plan.adminUrl, START_TIMEOUT_MS, () => ended !== undefined);
  if (failed === undefined && child.pid !== undefined) return child.pid;
  if (child.pid !== undefined && ended === undefined) await stopServer(child.pid);
  throw problem('storage.unavailable', {
    where: plan.cluster,
    detail: 'PostgreSQL did not start',
    cause: ended ?? failed,
  });
};

/** Children of a killed server may hold its shared memory for a moment: so a failed start is tried again. */
const startServer = async (plan: Plan): Promise<number> => {
  for (let tried = 1; ; tried++) {
    try {
      return await startOnce(plan);
    } catch (caught) {
      if (tried >= START_ATTEMPTS) throw caught;
      await sleep(1_000 * tried);
    }
  }
};

const urlOf = (port: number, password: string) => `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`;

/** A server left behind is used when it answers, and stopped when it does not or listens elsewhere than asked. */
const adopt = async (cluster: string, password: string, asked: number | undefined) => {
  const running = await findRunningServer(cluster);
  if (!running) return undefined;
  const { pid, port } = running;
  const adminUrl = urlOf(port, password);
  const wrongPort = asked !== undefined && asked !== port;
  if (!wrongPort && (await waitReady(adminUrl, ADOPT_TIMEOUT_MS, () => false)) === undefined)
    return { pid, port, adminUrl };
  await stopServer(pid);
  return undefined;
};

/**
 * Starts the embedded PostgreSQL over a folder, or takes over the one that still runs there after its process was killed.
 * Durable (fsync on), UTF-8 with the C locale, reachable through 127.0.0.1 with a password only. As root it runs as `postgres`.
 *
 * @throws Problem `config.invalid` when programs or folder cannot be used, `storage.unavailable` when the server does not start
 */
export const startEmbeddedPostgres = async (options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> => {
  const dataDir = resolvePath(options.dataDir);
  const [programs, user] = await Promise.all([findPrograms(), serverUser()]);
  await prepareFolder(dataDir, programs, user);
  const password = await openPassword(dataDir, options.random ?? systemRandom, user);
  await initialise(dataDir, programs, user);
  const cluster = clusterOf(dataDir);
  const server =
    (await adopt(cluster, password, options.port)) ??
    (await startAt({ programs, user, cluster, options }, dataDir, password));
  return {
    ...server,
    ensureDatabase: (wanted) => ensureDatabase(server.adminUrl, wanted),
    stop: async () => {
      if (await isAlive(server.pid)) await stopServer(server.pid);
    },
  };
};

const startAt = async (parts: Omit<Plan, 'port' | 'adminUrl'>, dataDir: string, password: string) => {
  const port = await choosePort(dataDir, parts.options.port);
  const adminUrl = urlOf(port, password);
  return { port, adminUrl, pid: await startServer({ ...parts, port, adminUrl }) };
};
