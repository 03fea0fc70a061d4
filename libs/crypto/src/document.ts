import { fromBase64url, toBase64url } from './bytes.js';
import { canonical } from './canonical.js';
import { frame } from './frame.js';
import type { Suite } from './suite.js';

/** What is signed or hashed of a document: frame('medshare', type, version, canonical JSON). */
const framed = (type: string, version: number, value: unknown): Uint8Array =>
  frame('medshare', type, version, canonical(value));

/** @returns the signature, base64url. */
export const signDocument = (suite: Suite, privateKey: Uint8Array, type: string, version: number, value: unknown): string =>
  toBase64url(suite.sign(privateKey, framed(type, version, value)));

export function verifyDocument(
  suite: Suite,
  publicKey: Uint8Array,
  type: string,
  version: number,
  value: unknown,
  signature: string,
): boolean {
  try {
    return suite.verify(publicKey, framed(type, version, value), fromBase64url(signature));
  } catch {
    return false;
  }
}

/** @returns the document's hash under the suite, base64url. */
export const documentHash = (suite: Suite, type: string, version: number, value: unknown): string =>
  toBase64url(suite.hash(framed(type, version, value)));
