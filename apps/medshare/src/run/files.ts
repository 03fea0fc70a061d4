import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The installed product's root: where policies, migrations and samples stand. */
export const root = rootAbove(dirname(fileURLToPath(import.meta.url)));

function rootAbove(folder: string): string {
  if (existsSync(join(folder, 'policies')) && existsSync(join(folder, 'nx.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error('the product’s root folder was not found');
  return rootAbove(parent);
}

/** Text of all files below `policies/<folder>`, by path relative to it, with `/`. */
export function policyFiles(folder: string): Record<string, string> {
  const base = join(root, 'policies', folder);
  return Object.fromEntries(
    readdirSync(base, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [relative(base, path).split(sep).join('/'), readFileSync(path, 'utf8')]),
  );
}
