import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import { problem } from '@medshare/problems';

/**
 * The whole body of a request, bounded while it is read: neither what arrives nor what comes out of decompression is ever held
 * beyond the bound, so a gzip bomb costs no more than the bound.
 * @throws Problem request.too-large, request.malformed, request.unsupported-media-type
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = () => problem('request.too-large', { where: 'body', detail: `at most ${maxBytes} bytes` });
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of decoded(request)) {
    size += piece.length;
    if (size > maxBytes) throw tooLarge();
    pieces.push(piece);
  }
  return Buffer.concat(pieces, size);
}

async function* decoded(request: IncomingMessage): AsyncIterable<Uint8Array> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') {
    yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
    return;
  }
  if (encoding !== 'gzip')
    throw problem('request.unsupported-media-type', { where: 'header.content-encoding', detail: 'gzip or identity' });
  const plain = createGunzip();
  // its errors come out of the iteration; the request itself stays open for the answer
  request.pipe(plain);
  request.once('aborted', () => plain.destroy(new Error('aborted')));
  try {
    yield* plain as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw problem('request.malformed', { where: 'body', detail: 'not gzip', cause });
  } finally {
    request.unpipe(plain);
    plain.destroy();
  }
}

/** @throws Problem request.unsupported-media-type */
export function expectType(request: IncomingMessage, ...types: readonly string[]): void {
  const given = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  if (given === undefined || !types.includes(given))
    throw problem('request.unsupported-media-type', {
      where: 'header.content-type',
      detail: `one of ${types.join(', ')}`,
    });
}

/** An id that the caller gave the request, so that sending it again does nothing again. */
export function requestIdOf(request: IncomingMessage): string | undefined {
  const given = request.headers['idempotency-key'] ?? request.headers['x-request-id'];
  return typeof given === 'string' ? given : undefined;
}
