import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where a user's data belongs: XDG Base Directory on Linux, Apple's and Microsoft's places elsewhere. Root's is the system's (FHS 3.0, 5.8):
 * its home is closed to the user whom PostgreSQL runs as.
 */
export function defaultDataFolder(
  env: Environment,
  platform: string,
  home = homedir(),
  root = process.getuid?.() === 0,
): string {
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), 'medshare');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'medshare');
  const xdg = env['XDG_DATA_HOME'];
  // a relative path there is invalid and is to be ignored
  if (xdg?.startsWith('/')) return join(xdg, 'medshare');
  return root ? '/var/lib/medshare' : join(home, '.local', 'share', 'medshare');
}

/** `--data`, else MEDSHARE_CLI_DATA, else the user's data directory. */
export const dataFolder = (option: string | undefined, env: Environment): string =>
  resolve(option ?? env['MEDSHARE_CLI_DATA'] ?? defaultDataFolder(env, process.platform));
