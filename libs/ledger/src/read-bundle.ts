import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Bundle {
  /** SHA-256 over names and texts, hex. */
  readonly hash: string;
  /** `<package>/<file>` → text; `<package>` → version, for packages that are not ours. */
  readonly sources: Readonly<Record<string, string>>;
}

const ours = /^@medshare\//;
const specifiers = /(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"\n]+)['"]/g;

/**
 * All code that a chaincode package runs: its files, those of the libraries of this repository that they import, and the exact versions
 * of the others. Equal releases and builds give equal hashes; one changed character gives another.
 *
 * @param entry URL of the package's entry: `import.meta.resolve('@medshare/chaincode-region')`
 */
export function readBundle(entry: string): Bundle {
  const found = new Map<string, string>();
  const left = [fileURLToPath(entry)];
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    const name = nameOf(file);
    if (found.has(name)) continue;
    const text = readFileSync(file, 'utf8');
    found.set(name, text);
    for (const [, specifier = ''] of text.matchAll(specifiers)) {
      if (specifier.startsWith('node:')) continue;
      const target = specifier.startsWith('.') ? beside(file, specifier) : createRequire(file).resolve(specifier);
      if (specifier.startsWith('.') || ours.test(specifier)) left.push(target);
      else {
        const { name: of, version } = packageOf(target);
        found.set(of, version);
      }
    }
  }
  const sources = Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
  return { hash: createHash('sha256').update(JSON.stringify(sources)).digest('hex'), sources };
}

/** Imports name what is compiled; where the sources themselves run, it is not there. */
function beside(file: string, specifier: string): string {
  const path = resolve(dirname(file), specifier);
  return existsSync(path) ? path : path.replace(/\.js$/, '.ts');
}

function nameOf(file: string): string {
  const { name, folder } = packageOf(file);
  return `${name}/${relative(folder, file).split(sep).join('/')}`;
}

/** The nearest package.json that has a name and a version; packages keep further ones in their folders. */
function packageOf(file: string): { name: string; version: string; folder: string } {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    if (existsSync(path)) {
      const { name, version } = JSON.parse(readFileSync(path, 'utf8')) as { name?: string; version?: string };
      if (name !== undefined && version !== undefined) return { name, version, folder };
    }
    if (folder === dirname(folder)) throw new Error(`${file} is in no package`);
  }
}
