import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as node from './index.js';
import * as portable from './portable.js';

/** Every file of this package that an entry reaches, and everything else that they import. */
function graph(entry: string, base = import.meta.url): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    const source = readFileSync(new URL(file, base), 'utf8');
    for (const [, ...names] of source.matchAll(
      /^(?:import|export)(?! type)[^;]*?from '([^']+)'|^import '([^']+)'|import\('([^']+)'\)/gms,
    )) {
      const name = names.find((one) => one !== undefined);
      if (name?.startsWith('./')) visit(name.replace(/\.js$/, '.ts'));
      else if (name) packages.add(name);
    }
  };
  visit(entry);
  return { files, packages };
}

it('reaches nothing of node from the portable entry', () => {
  const { files, packages } = graph('./portable.ts');
  expect([...packages].filter((name) => !name.startsWith('@noble/'))).toEqual([]);
  expect(files.size).toBeGreaterThan(15);
  for (const file of files)
    expect(readFileSync(new URL(file, import.meta.url), 'utf8')).not.toMatch(/\b(Buffer|process|require)\b\s*[.(]/);
});

it.each([
  "import { createHash } from 'node:crypto';",
  "import 'node:fs';",
  "export { createHash } from 'node:crypto';",
  "export * from 'node:crypto';",
  "const late = await import('node:crypto');",
  "import {\n  createHash,\n  randomBytes as random,\n} from 'node:crypto';",
])('would find %j in a file behind another (planted)', (line) => {
  const folder = mkdtempSync(join(tmpdir(), 'crypto-graph-'));
  writeFileSync(
    join(folder, 'entry.ts'),
    "import { p256 } from '@noble/curves/nist.js';\nexport * from './inner.js';\n",
  );
  writeFileSync(join(folder, 'inner.ts'), `import { p256 } from '@noble/curves/nist.js';\n${line}\n`);
  const { packages } = graph('./entry.ts', pathToFileURL(join(folder, 'entry.ts')).href);
  rmSync(folder, { recursive: true });
  expect([...packages].filter((name) => !name.startsWith('@noble/'))).toHaveLength(1);
});

it('would find node in a graph (control)', () => {
  expect([...graph('./index.ts').packages]).toContain('node:crypto');
});

it('imports nothing from the formula, nor of node from the OPRF', () => {
  expect([...graph('./formula.ts').files]).toEqual(['./formula.ts']);
  expect([...graph('./oprf.ts').packages].filter((name) => !name.startsWith('@noble/'))).toEqual([]);
});

it('exports the same from both entries', () => {
  expect(Object.keys(portable).sort()).toEqual(Object.keys(node).sort());
});

it('knows no other suite', () => {
  for (const entry of [node, portable]) expect(() => entry.suite('rot13' as 'sm')).toThrow(RangeError);
});
