import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (...path: string[]): string => readFileSync(join(import.meta.dirname, ...path), 'utf8');
const specs = ['gateway.spec.ts', 'gateway-faults.spec.ts'];

/** Last cells of the table under a spec's name. */
function rowsOf(spec: string): string[] {
  const lines = read('README.md').split('\n');
  const head = lines.findIndex((line) => line.includes(`test in \`../${spec}\``));
  const after = lines.slice(head + 2);
  return after.slice(0, after.indexOf('')).map((row) => row.split('|')[2]?.trim() ?? '');
}

const titlesOf = (text: string): string[] => [...text.matchAll(/\bit\(\s*'([^']+)'/g)].map(([, title = '']) => title);

it.each(specs)('has a row for each test of %s, and a test for each row', (spec) => {
  const titles = titlesOf(read('..', spec));
  expect(titles.length).toBeGreaterThan(5);
  expect(rowsOf(spec)).toEqual(titles);
});
