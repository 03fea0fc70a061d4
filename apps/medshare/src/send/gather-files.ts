import { readdir, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { problem } from '@medshare/problems';

/** What is sent, by the file's extension. */
const kinds: Readonly<Record<string, 'hl7v2' | 'fhir'>> = {
  '.hl7': 'hl7v2',
  '.hl7v2': 'hl7v2',
  '.er7': 'hl7v2',
  '.json': 'fhir',
};
export interface SourceFile {
  path: string;
  kind: 'hl7v2' | 'fhir';
}

/**
 * Files in the order named; folders with all they hold, by name; patterns with `*`, `**` and `?` for shells that expand none.
 *
 * @throws Problem request.not-found for what names no file, request.unsupported-media-type for another extension
 */
export async function gatherFiles(named: readonly string[]): Promise<SourceFile[]> {
  const found: SourceFile[] = [];
  for (const name of named) found.push(...(await filesOf(name)));
  const seen = new Set<string>();
  return found.filter(({ path }) => !seen.has(path) && seen.add(path));
}

async function filesOf(name: string): Promise<SourceFile[]> {
  const kind = await stat(name).catch(() => undefined);
  if (kind?.isDirectory()) return sendable(await below(name));
  if (kind === undefined && /[*?]/.test(name)) return sendable(await matching(name), name);
  if (kind === undefined) throw problem('request.not-found', { where: name, detail: 'no such file or folder' });
  return sendable([name], name);
}

function sendable(paths: readonly string[], named?: string): SourceFile[] {
  const found = paths.flatMap((path) => {
    const kind = kinds[extname(path).toLowerCase()];
    return kind === undefined ? [] : [{ path, kind }];
  });
  if (named !== undefined && found.length === 0) {
    const detail = paths.length === 0 ? 'matches no file' : `only ${Object.keys(kinds).join(', ')} are sent`;
    throw problem(paths.length === 0 ? 'request.not-found' : 'request.unsupported-media-type', {
      where: named,
      detail,
    });
  }
  return found;
}

async function below(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function matching(pattern: string): Promise<string[]> {
  const parts = pattern.split(/[\\/]/);
  const fixed = parts.slice(
    0,
    parts.findIndex((part) => /[*?]/.test(part)),
  );
  const base = fixed.length === 0 ? '.' : fixed.join(sep) || sep;
  const exists = await stat(base).catch(() => undefined);
  if (!exists?.isDirectory()) return [];
  const shape = globShape(parts.slice(fixed.length));
  return (await below(base)).filter((path) => shape.test(path.slice(base === '.' ? 0 : join(base, sep).length)));
}

/** The pattern's parts as one expression over a relative path. */
export function globShape(parts: readonly string[]): RegExp {
  const text = parts.map((part, index) => {
    if (part === '**') return index === parts.length - 1 ? '.*' : '(?:[^\\\\/]+[\\\\/])*';
    const one = part
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replace(/\*/g, '[^\\\\/]*')
      .replace(/\?/g, '[^\\\\/]');
    return index === parts.length - 1 ? one : `${one}[\\\\/]`;
  });
  return new RegExp(`^${text.join('')}$`);
}
