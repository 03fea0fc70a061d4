import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** A server that runs, whoever started it. */
export interface RunningServer {
  readonly pid: number;
  readonly port: number;
}

const STOP_STEP_MS = 100;

/** True while a process runs; one that has ended and waits for its parent (a zombie) does not count. */
export const isAlive = async (pid: number): Promise<boolean> => {
  try {
    process.kill(pid, 0);
  } catch (caught) {
    return (caught as NodeJS.ErrnoException).code === 'EPERM';
  }
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/^\d+ \(.*\) [ZX] /s.test(status);
};

/** Where there is /proc: whether the process is a PostgreSQL over this data folder. Elsewhere it is believed. */
const servesFolder = async (pid: number, dataFolder: string): Promise<boolean> => {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
  return commandLine === undefined || commandLine.split('\0').includes(dataFolder);
};

/**
 * The server that a process ended by kill -9 left behind, from postmaster.pid (PostgreSQL 18, section 66.1: line 1 the process,
 * line 4 the port). The file of a process that is gone, or whose number now belongs to another program, is removed.
 */
export const findRunningServer = async (dataFolder: string): Promise<RunningServer | undefined> => {
  const path = join(dataFolder, 'postmaster.pid');
  const lines = (await readFile(path, 'utf8').catch(() => '')).split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  if ((await isAlive(pid)) && (await servesFolder(pid, dataFolder))) return { pid, port };
  await rm(path, { force: true });
  return undefined;
};

/** @returns undefined when the server answers, else why it does not */
export const answers = async (adminUrl: string): Promise<unknown> => {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return undefined;
  } catch (caught) {
    return caught;
  } finally {
    await client.end().catch(() => undefined);
  }
};

const waitGone = async (pid: number, withinMs: number): Promise<boolean> => {
  for (let waited = 0; waited < withinMs; waited += STOP_STEP_MS) {
    if (!(await isAlive(pid))) return true;
    await sleep(STOP_STEP_MS);
  }
  return !(await isAlive(pid));
};

const signal = (pid: number, name: NodeJS.Signals) => {
  try {
    process.kill(pid, name);
  } catch {
    // already gone
  }
};

/** Fast shutdown (SIGINT), then immediate (SIGQUIT), then SIGKILL; PostgreSQL recovers from all three. */
export const stopServer = async (pid: number): Promise<void> => {
  for (const [name, withinMs] of [
    ['SIGINT', 20_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const) {
    signal(pid, name);
    if (await waitGone(pid, withinMs)) return;
  }
};
