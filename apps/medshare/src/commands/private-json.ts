import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { problem } from '@medshare/problems';

/** Reads a file of the caller's own. @returns undefined when there is none */
export async function readPrivateJson<T>(path: string, shape: z.ZodType<T>): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (caught) {
    if ((caught as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw caught;
  }
  try {
    return shape.parse(JSON.parse(text));
  } catch {
    throw problem('config.invalid', { where: path, detail: 'not readable; move it away to have it made anew' });
  }
}

/** Writes a file that only its owner reads, whole or not at all. */
export async function writePrivateJson(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(`${path}.new`, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
