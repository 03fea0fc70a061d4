import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { problem } from '@medshare/problems';

/** @returns undefined when there is no such file. @throws Problem config.invalid for one that is not of the schema */
export async function readPrivate<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw problem('storage.unavailable', { where: path, cause });
  });
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw problem('config.invalid', { where: path, detail: 'the file is damaged', cause });
  }
}

/** Replaces a file as a whole, readable by its owner only. */
export async function writePrivate(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const next = `${path}.next`;
  await writeFile(next, JSON.stringify(value), { mode: 0o600, flush: true });
  await rename(next, path);
}
