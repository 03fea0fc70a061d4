import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A file system in memory of so many MiB, in a mount namespace of its own: it needs no right that a user has not, and is gone with the
 * process that holds it. Seen from here through that process' root (proc(5)).
 */
export async function smallDisk(mebibytes: number): Promise<{ path: string; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'medshare-disk-'));
  const words = `mount -t tmpfs -o size=${mebibytes}m,mode=711 tmpfs "$0" && echo there && exec sleep 3600`;
  const holder = spawn('unshare', ['--map-root-user', '--mount', 'sh', '-c', words, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'exit');
  await Promise.race([
    once(holder.stdout, 'data'),
    ended.then(() => {
      throw new Error('no file system of our own: unshare(1) with user namespaces is needed');
    }),
  ]);
  return {
    path: `/proc/${holder.pid}/root${folder}`,
    async close() {
      holder.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}
