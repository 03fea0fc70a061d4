import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Every pair of stores that fsck compares, read from its sources: the names in services/<role>/src/check-<role>.ts, and of the chain the kinds
 * of findings in its port. A comparison that is added there without a planted disagreement here fails the suite.
 */
export async function comparedStores(): Promise<string[]> {
  const found = new Set<string>();
  for (const role of await readdir('services')) {
    const text = await readFile(join('services', role, 'src', `check-${role}.ts`), 'utf8').catch(() => '');
    for (const [, named, pair] of text.matchAll(/\bstore(?::| =) '([^']+)'|'([^']+ ↔ [^']+)'/g))
      found.add(named ?? pair!);
  }
  const port = await readFile(join('libs', 'ledger', 'src', 'ledger.port.ts'), 'utf8');
  const [, kinds = ''] = /interface ChainFinding \{\s*readonly kind: ([^;]+);/.exec(port) ?? [];
  for (const [, kind] of kinds.matchAll(/'([a-z]+)'/g)) found.add(`chain.${kind}`);
  return [...found].sort();
}
