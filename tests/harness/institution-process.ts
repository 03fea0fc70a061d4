import { spawn, type ChildProcess } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until, type Demo } from './demo.js';

// One institution of a demo whose institutions run in processes of their own, stopped like a machine that loses its power.

const configOf = ({ data }: Demo, institution: string): string => join(data, institution, 'config.yaml');

/** Kills an institution's process. */
export async function killInstitution(demo: Demo, institution: string): Promise<void> {
  process.kill(await pidOf(demo, institution), 'SIGKILL');
  await until(`${institution} is gone`, async () => (await answers(demo, institution)) === false);
}

/** Starts it again on what it kept. */
export async function startInstitution(demo: Demo, institution: string): Promise<ChildProcess> {
  const { child } = await spawnRoles(demo, institution, []);
  await until(`${institution} answers`, () => answers(demo, institution), 60_000);
  return child;
}

/** Starts a process with some roles of an institution; none named: all of them. It need not become ready. */
export async function spawnRoles(
  demo: Demo,
  institution: string,
  roles: readonly string[],
): Promise<{ child: ChildProcess; output: () => string }> {
  const [password, lines] = await Promise.all([
    readFile(join(demo.data, institution, 'keys', 'database-password'), 'utf8'),
    readFile(join(demo.data, 'postgres', 'data', 'postmaster.pid'), 'utf8'),
  ]);
  const url = `postgres://${institution}:${password.trim()}@127.0.0.1:${lines.split('\n')[3]}/medshare_${institution}`;
  const child = spawn(
    process.execPath,
    ['apps/medshare/bin/medshare.mjs', 'run', ...roles, '--config', configOf(demo, institution)],
    { env: { ...process.env, MEDSHARE_DATABASE__URL: url }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => said.push(piece.toString()));
  return { child, output: () => said.join('') };
}

/** Ends what `startInstitution` started. */
export async function stopProcess(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exited;
}

async function answers({ institutions }: Demo, institution: string): Promise<boolean> {
  const response = await fetch(new URL('/health/ready', institutions[institution]?.httpUrl)).catch(() => undefined);
  return response?.ok === true;
}

/** The child of the demo that runs this institution's configuration. */
async function pidOf(demo: Demo, institution: string): Promise<number> {
  const wanted = configOf(demo, institution);
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    const status = await readFile(`/proc/${name}/status`, 'utf8').catch(() => '');
    if (line.split('\0').includes(wanted) && status.includes(`PPid:\t${demo.pid}\n`)) return Number(name);
  }
  throw new Error(`no process of ${institution}`);
}
