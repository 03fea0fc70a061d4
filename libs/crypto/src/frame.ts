import { concat, uint32, utf8 } from './bytes.js';

export type FramePart = string | Uint8Array | number | bigint;

const bytesOf = (part: FramePart): Uint8Array => (part instanceof Uint8Array ? part : utf8(String(part)));

/** An injective encoding of a list: every part is preceded by its length, 4 bytes big-endian. */
export const frame = (...parts: readonly FramePart[]): Uint8Array =>
  concat(...parts.flatMap((part) => [uint32(bytesOf(part).length), bytesOf(part)]));

/** The parts of a frame, as views into it. @throws Error for what is not a frame */
export function unframe(framed: Uint8Array): Uint8Array[] {
  const view = new DataView(framed.buffer, framed.byteOffset, framed.byteLength);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < framed.length; ) {
    if (at + 4 > framed.length) throw new Error('not a frame');
    const length = view.getUint32(at);
    if (at + 4 + length > framed.length) throw new Error('not a frame');
    parts.push(framed.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return parts;
}
