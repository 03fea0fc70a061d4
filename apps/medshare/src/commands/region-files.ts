import { readFile, writeFile } from 'node:fs/promises';
import { problem } from '@medshare/problems';
import type { z } from 'zod';

// The files that institutions exchange.

export const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
export const writeJson = (file: string, value: unknown): Promise<void> => writeFile(file, json(value));

export async function readJson<T>(file: string, shape: z.ZodType<T>): Promise<T> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw problem('config.invalid', { where: file, detail: 'the file cannot be read', cause });
  });
  try {
    return shape.parse(JSON.parse(text));
  } catch (cause) {
    throw problem('config.invalid', { where: file, detail: mistakeOf(cause), cause });
  }
}

function mistakeOf(cause: unknown): string {
  const { issues } = cause as Partial<z.ZodError>;
  const [first] = issues ?? [];
  return first ? `${first.path.map(String).join('.') || '(file)'}: ${first.message}` : 'not JSON';
}
