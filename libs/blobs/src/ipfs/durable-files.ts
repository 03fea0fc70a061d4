import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes a new file and waits until the disk has its bytes. Its name is durable once the folder is synced. */
export const writeDurably = async (path: string, bytes: Uint8Array): Promise<void> => {
  const file = await open(path, 'wx', 0o640);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
};

/** Waits until the names in a folder are on disk. Where the platform cannot (Windows), names are as durable as it makes them. */
export const syncFolder = async (path: string): Promise<void> => {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};

/** Makes a folder whose name is on disk. */
export const makeFolder = async (path: string): Promise<void> => {
  const made = await mkdir(path, { recursive: true });
  if (made !== undefined) await syncFolder(dirname(made));
};

/** Moves a whole folder to its place in one step: seen entirely or not at all, also after a crash. */
export const publishFolder = async (from: string, to: string): Promise<void> => {
  await syncFolder(from);
  await rename(from, to);
  await syncFolder(dirname(to));
};

export const removeFolder = (path: string): Promise<void> => rm(path, { recursive: true, force: true });
