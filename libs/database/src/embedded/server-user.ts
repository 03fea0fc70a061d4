import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { problem } from '@medshare/problems';

/** Whom the server runs as, when not as ourselves. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

const execute = promisify(execFile);
const idOf = async (flag: '-u' | '-g', name: string) => Number((await execute('id', [flag, name])).stdout);

const find = async (name: string): Promise<ServerUser | undefined> => {
  try {
    return { uid: await idOf('-u', name), gid: await idOf('-g', name) };
  } catch {
    return undefined;
  }
};

const create = async (name: string): Promise<void> => {
  try {
    await execute('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', name]);
  } catch {
    await execute('adduser', ['-S', '-D', '-H', name]);
  }
};

/** PostgreSQL refuses to run as root: root runs it as `postgres`, made when there is none. Others run it as themselves. */
export const serverUser = async (name = 'postgres'): Promise<ServerUser | undefined> => {
  if (process.getuid?.() !== 0) return undefined;
  const found = await find(name);
  if (found) return found;
  await create(name).catch((cause: unknown) => {
    const detail =
      'PostgreSQL does not run as root, and the user cannot be made: run as another user, or give a database URL';
    throw problem('config.invalid', { where: `user ${name}`, detail, cause });
  });
  return (await find(name)) ?? serverUserMissing(name);
};

const serverUserMissing = (name: string): never => {
  throw problem('config.invalid', { where: `user ${name}`, detail: 'the user was made but is not found' });
};
