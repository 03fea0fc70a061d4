import type { Chaincode } from '@medshare/chaincode-region';
import type { Region } from '@medshare/events/chain';
import { documentHash, suite } from '@medshare/crypto';

/**
 * Names the code that a member runs: hash over name, version, the text of every function, and the texts of the files it is built of.
 * Members of one release and build get the same hash; one changed character gives another.
 *
 * @param sources file name → text, as far as the host can read them (see `readBundle`)
 */
export function chaincodeHash(
  region: Region,
  chaincode: Chaincode,
  sources: Readonly<Record<string, string>> = {},
): string {
  const { name, version, functions } = chaincode;
  const texts = Object.fromEntries(Object.keys(functions).map((key) => [key, String(functions[key])]));
  return documentHash(suite(region.suite), 'chaincode', 1, {
    name,
    version,
    functions: texts,
    sources: { ...sources },
  });
}
