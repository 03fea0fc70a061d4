import { canonical, equalBytes, frame, fromBase64url, toBase64url, unframe, utf8, type Suite } from '@medshare/crypto';

/** Bytes of salt: of one length, so that salt, header (a JSON object) and bytes have one reading when they stand together. */
export const saltBytes = 32;

export interface SectionContent {
  /** What is sealed: frame(salt, canonical header, bytes). */
  plaintext: Uint8Array;
  /** H(salt ‖ header ‖ bytes), base64url: the section's commitment in the record root. */
  content: string;
}

/** Class, labels and level travel inside the ciphertext, under the commitment. */
export function makeContent(suite: Suite, salt: Uint8Array, header: unknown, bytes: Uint8Array): SectionContent {
  if (salt.length !== saltBytes) throw new RangeError(`a salt has ${saltBytes} bytes`);
  const encoded = utf8(canonical(header));
  return { plaintext: frame(salt, encoded, bytes), content: toBase64url(suite.hash(salt, encoded, bytes)) };
}

/** Whether an opened section is what was committed to. */
export function contentHolds(suite: Suite, plaintext: Uint8Array, content: string): boolean {
  try {
    const [salt, header, bytes, ...rest] = unframe(plaintext);
    if (!salt || !header || !bytes || rest.length > 0 || salt.length !== saltBytes) return false;
    return equalBytes(suite.hash(salt, header, bytes), fromBase64url(content));
  } catch {
    return false;
  }
}
