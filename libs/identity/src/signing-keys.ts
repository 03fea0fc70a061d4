import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import { z } from 'zod';
import { readPrivate, writePrivate } from './private-file.js';

const key = z.looseObject({ kty: z.literal('RSA'), kid: z.string(), use: z.literal('sig'), alg: z.literal('RS256') });
const file = z.strictObject({ version: z.literal(1), keys: z.array(key).min(1).max(2) });
export type SigningKey = z.infer<typeof key>;

/** @returns the keys of the file, made if there is none; the first signs, a second one only still verifies */
export async function openSigningKeys(path: string): Promise<SigningKey[]> {
  const stored = await readPrivate(path, file);
  return stored?.keys ?? (await rotateSigningKeys(path));
}

/** Puts a new key before the present one and drops the one before; takes effect when the provider starts. */
export async function rotateSigningKeys(path: string): Promise<SigningKey[]> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true, modulusLength: 2048 });
  const jwk = await exportJWK(privateKey);
  const made = key.parse({ ...jwk, kid: await calculateJwkThumbprint(jwk), use: 'sig', alg: 'RS256' });
  const keys = [made, ...((await readPrivate(path, file))?.keys ?? []).slice(0, 1)];
  await writePrivate(path, { version: 1, keys });
  return keys;
}
