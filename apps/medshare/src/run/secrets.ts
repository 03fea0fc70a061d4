import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyPair, Suite } from '@medshare/crypto';
import { region as regionShape, type Region } from '@medshare/events';
import type { KeyEncryption } from '@medshare/keys';
import { problem } from '@medshare/problems';

/** Reads one of the institution's secrets; each stands wrapped in a file of its own. */
export async function readSecret(folder: string, name: string, keys: KeyEncryption): Promise<Uint8Array> {
  const path = join(folder, 'keys', `${name}.wrapped`);
  const wrapped = await readFile(path).catch((cause: unknown) => {
    throw problem('config.invalid', { where: path, detail: 'the secret cannot be read', cause });
  });
  return keys.unwrap(wrapped, `secret/${name}`);
}

export async function readSigningKey(
  suite: Suite,
  folder: string,
  role: string,
  keys: KeyEncryption,
): Promise<KeyPair> {
  const privateKey = await readSecret(folder, role, keys);
  return { privateKey, publicKey: suite.publicKeyOf(privateKey) };
}

/** The region's genesis document, the same for every member. */
export async function readRegion(folder: string): Promise<Region> {
  const path = join(folder, 'region.json');
  try {
    return regionShape.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw problem('config.invalid', { where: path, detail: 'not a region’s genesis document', cause });
  }
}
