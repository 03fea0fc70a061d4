// A released version never changes: schemas/released.json holds the SHA-256 of every released file, and entries are only ever added.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './generated-files.mjs';

const path = 'schemas/released.json';
const hashOf = (text) => createHash('sha256').update(text).digest('hex');
const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8' });

export const released = existsSync(join(root, path)) ? JSON.parse(readFileSync(join(root, path), 'utf8')) : {};

/** @returns what is wrong with the list itself: entries that any commit had and that are gone or other now */
function rewrittenHistory() {
  const commits = git('log', '--format=%H', '--', path);
  if (commits.status !== 0) return [];
  const entries = commits.stdout
    .split('\n')
    .filter(Boolean)
    .map((commit) => git('show', `${commit}:${path}`))
    .filter(({ status }) => status === 0)
    .flatMap(({ stdout }) => Object.entries(JSON.parse(stdout)));
  return [...new Map(entries)]
    .filter(([file, hash]) => released[file] !== hash)
    .map(([file]) => `${path}: the entry of ${file} was changed or removed; entries are only ever added`);
}

/** @param textOf path → the text that the file has, or would have @returns one line a broken promise */
export function brokenPromises(textOf) {
  const changed = Object.entries(released)
    .filter(([file, hash]) => {
      const text = textOf(file);
      return text === undefined || hashOf(text) !== hash;
    })
    .map(([file]) => `${file} is released and would change: give the new shape the next version`);
  return [...changed, ...rewrittenHistory()];
}

/** Adds the files that are not released yet. */
export function release(files) {
  const all = { ...Object.fromEntries([...files].map(([file, text]) => [file, hashOf(text)])), ...released };
  const sorted = Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(join(root, path), `${JSON.stringify(sorted, null, 2)}\n`);
  process.stderr.write(`${Object.keys(all).length - Object.keys(released).length} files released\n`);
}
