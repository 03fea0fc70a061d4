import { canonical, documentHash, fromBase64url, fromUtf8, suite, utf8, verifyDocument } from '@medshare/crypto';
import type { Region } from '@medshare/events/chain';
import type { z } from 'zod';
import { keys } from './keys.js';
import { refusal } from './refusal.js';
import type { State } from './state.js';

/** @returns the bytes under which a document stands in the state: canonical JSON, UTF-8 */
export const encodeDocument = (value: unknown): Uint8Array => utf8(canonical(value));

/** Reads a document that this chaincode wrote. */
export const decodeDocument = <T>(bytes: Uint8Array): T => JSON.parse(fromUtf8(bytes)) as T;

export async function readDocument<T>(state: State, key: string): Promise<T | undefined> {
  const bytes = await state.get(key);
  return bytes === undefined ? undefined : decodeDocument<T>(bytes);
}

/** @returns the region of this chain; a chain without genesis refuses everything */
export async function readRegion(state: State): Promise<Region> {
  const region = await readDocument<Region>(state, keys.region);
  if (region === undefined) throw refusal('ledger.refused', 'the chain has no genesis');
  return region;
}

/** Checks an argument against its shape; the refusal names the first field that is wrong, never its value. */
export function parseArgument<T>(schema: z.ZodType<T>, args: unknown): T {
  const parsed = schema.safeParse(args);
  if (parsed.success) return parsed.data;
  const path = parsed.error.issues[0]?.path.map(String).join('.') ?? '';
  throw refusal('ledger.refused', 'the argument does not have the right shape', path);
}

/** @returns whether two documents are the same bytes in canonical form */
export const sameDocument = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b);

/** @returns base64url of the document's hash under the region's suite */
export const hashDocument = (region: Region, type: string, value: unknown): string =>
  documentHash(suite(region.suite), type, 1, value);

/** @returns whether the signature of the document verifies; malformed keys and signatures do not */
export function signatureHolds(
  suiteName: Region['suite'],
  publicKey: string,
  type: string,
  value: unknown,
  signature: string,
): boolean {
  try {
    return verifyDocument(suite(suiteName), fromBase64url(publicKey), type, 1, value, signature);
  } catch {
    return false;
  }
}
