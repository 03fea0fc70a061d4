import { fromBigInt, utf8 } from './bytes.js';

/** Text is UTF-8; numbers are 8 bytes, big-endian. */
export type FramePart = string | Uint8Array | number | bigint;

/**
 * Joins parts so that no two lists of byte strings give the same bytes: each part is preceded by its length, 4 bytes, big-endian.
 * What stands at a place always has one type, so the types are not marked.
 * @throws RangeError on a negative number, a fraction, a number of more than 64 bits
 */
export function frame(...parts: readonly FramePart[]): Uint8Array {
  const encoded = parts.map(encodePart);
  const framed = new Uint8Array(encoded.reduce((sum, bytes) => sum + 4 + bytes.length, 0));
  const view = new DataView(framed.buffer);
  let at = 0;
  for (const bytes of encoded) {
    view.setUint32(at, bytes.length);
    framed.set(bytes, at + 4);
    at += 4 + bytes.length;
  }
  return framed;
}

function encodePart(part: FramePart): Uint8Array {
  if (part instanceof Uint8Array) return part;
  if (typeof part === 'string') return utf8(part);
  if (typeof part === 'number' && !Number.isSafeInteger(part))
    throw new RangeError('a framed number is a safe integer');
  return fromBigInt(BigInt(part), 8);
}

/** The parts of a frame. @throws Error 'not a frame' */
export function unframe(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    if (at + 4 > bytes.length) throw new Error('not a frame');
    const length = view.getUint32(at);
    if (at + 4 + length > bytes.length) throw new Error('not a frame');
    parts.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return parts;
}
