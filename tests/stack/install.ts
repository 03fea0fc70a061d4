import { execFile, spawn } from 'node:child_process';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Package } from './server.js';

/** Installs at one time: builds want all cores, downloads few. */
const atOnce = 3;

export const folderOf = (cache: string, { name, version }: Pick<Package, 'name' | 'version'>): string =>
  join(cache, `${name}-${version}`);

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Installs what is missing, each package once; what is there was installed whole, for a folder gets its name last. */
export async function installAll(
  cache: string,
  packages: readonly Package[],
  say: (line: string) => void,
): Promise<void> {
  await mkdir(cache, { recursive: true });
  const left = [...new Map(packages.map((one) => [one.name, one])).values()];
  const failures: unknown[] = [];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift())
      await installOnce(cache, next, say).catch((caught: unknown) => failures.push(caught));
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  if (failures.length > 0) throw new AggregateError(failures, failures.map((one) => (one as Error).message).join('\n'));
}

async function installOnce(cache: string, wanted: Package, say: (line: string) => void): Promise<void> {
  const target = folderOf(cache, wanted);
  const title = `${wanted.name} ${wanted.version}`;
  if (await exists(target)) return;
  const release = await lock(`${target}.lock`, () => say(`${title}: another process installs it, waiting`));
  try {
    if (await exists(target)) return;
    const before = Date.now();
    say(`${title}: installing`);
    const fresh = `${target}.new`;
    await rm(fresh, { recursive: true, force: true });
    await mkdir(fresh);
    await wanted.install(fresh, (line) => say(`${title}: ${line}`));
    await rename(fresh, target);
    say(`${title}: installed in ${Math.round((Date.now() - before) / 1000)} s`);
  } catch (cause) {
    throw new Error(`${title} cannot be installed: ${(cause as Error).message}`, { cause });
  } finally {
    await release();
  }
}

/** A file with the holder's process id; one whose holder is gone is taken over. */
async function lock(path: string, onWait: () => void): Promise<() => Promise<void>> {
  for (let waits = 0; ; waits++) {
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' });
      return () => rm(path, { force: true });
    } catch {
      const holder = Number(await readFile(path, 'utf8').catch(() => '0'));
      if (holder > 0 && !(await exists(`/proc/${holder}`))) await rm(path, { force: true });
      else if (waits === 0) onWait();
      await sleep(500);
    }
  }
}

interface Tool {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program at low priority. @returns what it wrote; @throws with the last lines of what it said */
export async function tool(command: string, args: readonly string[], { cwd, env }: Tool = {}): Promise<string> {
  return new Promise((done, failed) => {
    const child = spawn('nice', ['-n', '10', command, ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, said] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-3000)));
    child.once('error', failed);
    child.once('close', (code) => {
      if (code === 0) return done(out);
      const words = `${command} ${args.slice(0, 3).join(' ')}`;
      failed(new Error(`${words} ended with ${code}:\n${said.trimEnd().split('\n').slice(-15).join('\n')}`));
    });
  });
}

/** @returns whether a program of this name can be run */
export const onPath = (command: string): Promise<boolean> =>
  promisify(execFile)('sh', ['-c', `command -v ${command}`]).then(
    () => true,
    () => false,
  );
