import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const isCode = (name: string): boolean =>
  /\.(js|ts)$/.test(name) && !/\.(spec|contract|fixture)\.[jt]s$|\.d\.ts$/.test(name);

/**
 * Reads the files that a chaincode package runs from, beside its entry.
 *
 * @param entry URL of the package's entry: `import.meta.resolve('@medshare/chaincode-region')`
 * @returns file name → text
 */
export function readChaincodeSources(entry: string): Record<string, string> {
  const folder = dirname(fileURLToPath(entry));
  const names = readdirSync(folder).filter(isCode).sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}
