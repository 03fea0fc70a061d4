import { spawn } from 'node:child_process';
import { chmod, chown, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Random } from '@medshare/clock';
import { problem } from '@medshare/problems';
import { closedFolder, type Programs } from './programs.js';
import type { ServerUser } from './server-user.js';

/** `<dataDir>/data` is PostgreSQL's own, `password` and `port` are remembered beside it. */
export const clusterOf = (dataDir: string): string => join(dataDir, 'data');

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Makes the folder; refuses one that the server's user cannot reach, and names what is closed. */
export const prepareFolder = async (
  dataDir: string,
  programs: Programs,
  user: ServerUser | undefined,
): Promise<void> => {
  await mkdir(dataDir, { recursive: true });
  if (!user) return;
  // others may pass through, not look: the folder itself stays ours
  await chmod(dataDir, 0o711);
  for (const path of [dataDir, join(programs.postgres, '..')]) {
    const closed = await closedFolder(path, user.uid);
    if (!closed) continue;
    const detail = `PostgreSQL runs as uid ${user.uid}, which cannot enter this folder above ${path}: open it (chmod o+x) or move it`;
    throw problem('config.invalid', { where: closed, detail });
  }
};

/** The administrator's password: made once, kept in a file that only the server's user (and root) can read. */
export const openPassword = async (dataDir: string, random: Random, user: ServerUser | undefined): Promise<string> => {
  const path = join(dataDir, 'password');
  if (!(await exists(path))) {
    const temporary = `${path}.${random.uuid()}`;
    await writeFile(temporary, Buffer.from(random.bytes(32)).toString('base64url'), { mode: 0o600, flush: true });
    await rename(temporary, path);
  }
  if (user) await chown(path, user.uid, user.gid);
  await chmod(path, 0o600);
  return (await readFile(path, 'utf8')).trim();
};

const tryPort = (port: number): Promise<number | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const taken = (server.address() as AddressInfo).port;
      server.close(() => resolve(taken));
    });
  });

/** The port asked for, else the one of last time while it is free, else a free one. */
export const choosePort = async (dataDir: string, asked: number | undefined): Promise<number> => {
  if (asked !== undefined) return asked;
  const path = join(dataDir, 'port');
  const last = Number(await readFile(path, 'utf8').catch(() => '0'));
  const port = (last > 0 ? await tryPort(last) : undefined) ?? (await tryPort(0));
  if (port === undefined) throw problem('config.invalid', { where: 'port', detail: 'no free port on 127.0.0.1' });
  await writeFile(path, String(port), { flush: true });
  return port;
};

const initdb = (
  programs: Programs,
  cluster: string,
  passwordFile: string,
  user: ServerUser | undefined,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const settings = ['--encoding=UTF8', '--locale=C', '--auth=scram-sha-256', '--username=postgres'];
    const child = spawn(programs.initdb, [`--pgdata=${cluster}`, `--pwfile=${passwordFile}`, ...settings], {
      ...user,
      cwd: cluster,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2_000)));
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(problem('config.invalid', { where: 'initdb', detail: said.trim() })),
    );
  });

/** Makes the cluster once. A half-made one (the process ended meanwhile) is thrown away: it becomes `data` by one rename. */
export const initialise = async (dataDir: string, programs: Programs, user: ServerUser | undefined): Promise<void> => {
  const cluster = clusterOf(dataDir);
  if (await exists(join(cluster, 'PG_VERSION'))) return;
  const fresh = `${cluster}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { mode: 0o700 });
  if (user) await chown(fresh, user.uid, user.gid);
  await initdb(programs, fresh, join(dataDir, 'password'), user);
  await rename(fresh, cluster);
};
