import { failed } from './cipher.js';
import { concat, equalBytes, utf8 } from './bytes.js';
import { frame } from './frame.js';
import type { Suite, SuiteName } from './suite.js';

/** Bytes of plaintext in every chunk but the last. */
export const chunkBytes = 1024 * 1024;
const magic = utf8('MSHR');
const formatVersion = 1;
const suiteCodes: Record<SuiteName, number> = { intl: 1, sm: 2 };
/** magic, version, suite. */
export const headerBytes = 6;
const smallestClass = 512;
/** First byte of the padding (ISO/IEC 7816-4); zeros follow. */
const marker = 0x80;

/** What a stream is bound to. One key seals one stream once. Ids are opaque. */
export interface Sealing {
  /** 32 bytes, fresh for each (use, record, section, epoch). */
  readonly key: Uint8Array;
  readonly use: string;
  readonly record: string;
  readonly section: string;
  readonly epoch: number;
}

const headerOf = (suite: Suite): Uint8Array => concat(magic, Uint8Array.of(formatVersion, suiteCodes[suite.name]));

const keysOf = (suite: Suite, { key, use, record, section, epoch }: Sealing): Uint8Array => {
  if (key.length < 32) throw new Error('a sealing key has at least 32 bytes');
  return suite.hkdf(key, frame('medshare/1', use, suite.name, record, section, epoch), suite.cipher.keyBytes);
};

const associated = (suite: Suite, { use, record, section, epoch }: Sealing): Uint8Array =>
  frame('medshare/stream/1', headerOf(suite), use, record, section, epoch);

/**
 * Padded size of a plaintext: the next of 512, 768, 1 Ki, 1.5 Ki, 2 Ki, 3 Ki, 4 Ki … (powers of two and their middles),
 * the padding's first byte included: an observer learns the size to within a third.
 */
export function paddedSize(length: number): number {
  for (let size = smallestClass; ; size *= 2) {
    if (length + 1 <= size) return size;
    if (length + 1 <= size * 1.5) return size * 1.5;
  }
}

/** Seals a stream in bounded memory: header, then chunks. The length is known only at the end, so the padding is there too. */
export async function* sealStream(
  suite: Suite,
  sealing: Sealing,
  plaintext: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const [key, ad] = [keysOf(suite, sealing), associated(suite, sealing)];
  yield headerOf(suite);
  let index = 0;
  for await (const { bytes, last } of chunksOf(padded(plaintext))) {
    yield suite.cipher.seal(key, index, last, ad, bytes);
    index += 1;
  }
}

async function* padded(plaintext: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const piece of plaintext) {
    length += piece.length;
    yield piece;
  }
  yield Uint8Array.of(marker);
  yield* zeros(paddedSize(length) - length - 1);
}

function* zeros(count: number): Generator<Uint8Array> {
  for (let left = count; left > 0; left -= chunkBytes) yield new Uint8Array(Math.min(left, chunkBytes));
}

/** Cuts into chunks; the last one is known as such, and is empty only for an empty stream. */
async function* chunksOf(
  stream: AsyncIterable<Uint8Array>,
  size = chunkBytes,
): AsyncGenerator<{ bytes: Uint8Array; last: boolean }> {
  let held: Uint8Array[] = [];
  let total = 0;
  for await (const piece of stream) {
    held.push(piece);
    total += piece.length;
    if (total <= size) continue;
    let joined = concat(...held);
    for (; joined.length > size; joined = joined.subarray(size)) yield { bytes: joined.subarray(0, size), last: false };
    held = [joined];
    total = joined.length;
  }
  yield { bytes: concat(...held), last: true };
}

/**
 * Opens a stream. Chunks before the last are provisional: only when the generator ends normally was the stream whole.
 * @throws Error `authentication failed`
 */
export async function* openStream(
  suite: Suite,
  sealing: Sealing,
  sealed: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const [key, ad] = [keysOf(suite, sealing), associated(suite, sealing)];
  const body = afterHeader(suite, sealed);
  const padding = new Unpadding();
  let index = 0;
  for await (const { bytes, last } of chunksOf(body, chunkBytes + suite.cipher.tagBytes)) {
    yield* padding.push(suite.cipher.open(key, index, last, ad, bytes));
    index += 1;
  }
  padding.end();
}

/** Holds back what may be padding: a marker with zeros behind it, kept as a count, so that memory stays bounded. */
class Unpadding {
  private heldZeros: number | undefined;

  *push(chunk: Uint8Array): Generator<Uint8Array> {
    let at = chunk.length - 1;
    while (at >= 0 && chunk[at] === 0) at -= 1;
    if (at < 0) {
      if (this.heldZeros === undefined) yield chunk;
      else this.heldZeros += chunk.length;
      return;
    }
    if (this.heldZeros !== undefined) {
      yield Uint8Array.of(marker);
      yield* zeros(this.heldZeros);
      this.heldZeros = undefined;
    }
    if (chunk[at] !== marker) return yield chunk;
    this.heldZeros = chunk.length - at - 1;
    if (at > 0) yield chunk.subarray(0, at);
  }

  end(): void {
    if (this.heldZeros === undefined) throw failed();
  }
}

async function* afterHeader(
  suite: Suite,
  sealed: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let held: Uint8Array | undefined = new Uint8Array(0);
  for await (const piece of sealed) {
    if (held === undefined) {
      yield piece;
      continue;
    }
    held = concat(held, piece);
    if (held.length < headerBytes) continue;
    if (!equalBytes(held.subarray(0, headerBytes), headerOf(suite))) throw failed();
    yield held.subarray(headerBytes);
    held = undefined;
  }
  if (held !== undefined) throw failed();
}

export async function sealBytes(suite: Suite, sealing: Sealing, plaintext: Uint8Array): Promise<Uint8Array> {
  return collect(sealStream(suite, sealing, [plaintext]));
}

/** @throws Error `authentication failed` */
export async function openBytes(suite: Suite, sealing: Sealing, sealed: Uint8Array): Promise<Uint8Array> {
  return collect(openStream(suite, sealing, [sealed]));
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return concat(...pieces);
}
