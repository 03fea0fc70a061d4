// Every row of docs/invariants.md names a test file and words of a test's title that stand in it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './generated-files.mjs';

const page = 'docs/invariants.md';
const rows = readFileSync(join(root, page), 'utf8')
  .split('\n')
  .filter((line) => /^\| [A-Z]+-\d+ \|/.test(line));

function mistakeIn(row) {
  const [, id, test, title] = /^\| (\S+) \|.*\| `([^`]+)` "([^"]+)" \|$/.exec(row) ?? [];
  if (id === undefined) return 'is not | id | sentence | `file` "title" |';
  if (!existsSync(join(root, test))) return `${test} does not exist`;
  if (rows.filter((other) => other.startsWith(`| ${id} |`)).length > 1) return `${id} stands there twice`;
  return readFileSync(join(root, test), 'utf8').includes(title) ? undefined : `${test} has no test "${title}"`;
}

for (const row of rows) {
  const mistake = mistakeIn(row);
  if (mistake === undefined) continue;
  process.stderr.write(`drifted: ${page}: ${row.split('|')[1].trim()}: ${mistake}\n`);
  process.exitCode = 1;
}
if (rows.length === 0) throw new Error(`${page} has no rows`);
