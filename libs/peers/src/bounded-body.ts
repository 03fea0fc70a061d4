import type { Readable } from 'node:stream';

/** Reads a body up to a bound. @returns undefined, and the stream destroyed, when it is longer */
export async function readBounded(body: Readable, maxBytes: number): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    size += piece.length;
    if (size > maxBytes) {
      body.destroy();
      return undefined;
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces, size);
}
