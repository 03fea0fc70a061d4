import type { Readable } from 'node:stream';

/**
 * Reads a body up to a bound.
 *
 * @returns undefined when it is longer; the stream is left open then, since destroying a request would cut the answer off, too
 */
export async function readBounded(body: Readable, maxBytes: number): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    size += piece.length;
    if (size > maxBytes) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces, size);
}
