import { fromBase64url, toBase64url } from './bytes.js';
import { canonical } from './canonical.js';
import { frame } from './frame.js';
import type { Suite } from './suite.js';

/** What a signature of a document is over. The type and version keep a signature from serving for another kind of document. */
const signed = (type: string, version: number, value: unknown): Uint8Array =>
  frame('medshare', type, version, canonical(value));

/**
 * @param value canonical JSON (see `canonical`)
 * @returns 64 bytes r‖s, base64url
 * @throws TypeError if the value has no canonical form
 */
export const signDocument = (
  suite: Suite,
  privateKey: Uint8Array,
  type: string,
  version: number,
  value: unknown,
): string => toBase64url(suite.sign(privateKey, signed(type, version, value)));

/**
 * @param publicKey 33 bytes, or their base64url
 * @returns false for a malformed key or signature, and for a value without canonical form
 */
export function verifyDocument(
  suite: Suite,
  publicKey: Uint8Array | string,
  type: string,
  version: number,
  value: unknown,
  signature: string,
): boolean {
  try {
    const message = signed(type, version, value);
    const key = typeof publicKey === 'string' ? fromBase64url(publicKey) : publicKey;
    return suite.verify(key, message, fromBase64url(signature));
  } catch {
    return false;
  }
}

/** @returns 32 bytes, base64url; apart from what is signed */
export const documentHash = (suite: Suite, type: string, version: number, value: unknown): string =>
  toBase64url(suite.hash(frame('medshare/hash', type, version, canonical(value))));
