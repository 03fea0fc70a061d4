// Files that a generator owns: written, or compared with what stands there. Every generator of tools/ ends here.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const checking = process.argv.includes('--check');

const textAt = (path) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined);

/** @returns paths of all files below a folder of the checkout, relative to the checkout, with `/`, sorted */
export function filesBelow(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length).replaceAll('\\', '/'))
    .sort();
}

/**
 * Writes the files, or with --check names those that differ and makes the exit code 1.
 *
 * @param files path from the checkout's root → text
 * @param command what mends a drift
 * @param owned paths that the generator owns too: those it no longer writes are stale
 * @param same whether two texts are equal enough; exact unless said otherwise
 */
export function settle(files, command, { owned = [], same = (a, b) => a === b } = {}) {
  const stale = owned.filter((path) => !files.has(path));
  const changed = [...files].filter(([path, text]) => {
    const found = textAt(path);
    return found === undefined || !same(found, text);
  });
  if (checking) {
    for (const path of [...changed.map(([each]) => each), ...stale])
      process.stderr.write(`drifted: ${path}; run: ${command}\n`);
    if (changed.length + stale.length > 0) process.exitCode = 1;
    return;
  }
  for (const [path, text] of changed) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  for (const path of stale) rmSync(join(root, path));
  process.stderr.write(`${changed.length} written, ${stale.length} removed, ${files.size} in all\n`);
}
