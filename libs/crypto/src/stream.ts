import { concat, equalBytes, utf8 } from './bytes.js';
import { frame } from './frame.js';
import { authenticationFailed, type Suite } from './suite.js';

/** What a stream is sealed under. One key seals one stream once for each use, record, section and epoch. */
export interface Sealing {
  /** 32 bytes, secret */
  readonly key: Uint8Array;
  /** What for, e.g. `section`, `transit` */
  readonly use: string;
  /** Opaque ids; they are authenticated and not in the sealed bytes */
  readonly record: string;
  readonly section: string;
  readonly epoch: number;
}

/** Bytes of plaintext in every chunk but the last; 4 of them give the length of content. */
export const chunkBytes = 1_048_576;
const PREFIX = 4;
const CONTENT = chunkBytes - PREFIX;
const MAX_CHUNKS = 0xffff_ffff;
/** The smallest size class, bytes. */
const SMALLEST = 4096;

/** Magic, version, suite, two bytes of nothing. */
const header = (suite: Suite): Uint8Array =>
  concat(utf8('MDSH'), Uint8Array.of(1, suite.name === 'intl' ? 1 : 2, 0, 0));

/**
 * The padded size of content, bytes: at least 4096, else Padmé (Nikitin et al., PETS 2019, section 4), which is at most 12 %
 * longer and leaves few different sizes.
 */
export function paddedSize(length: number): number {
  if (length <= SMALLEST) return SMALLEST;
  // lengths in binary digits, because Math.log2 rounds
  const exponent = length.toString(2).length - 1;
  const low = exponent - exponent.toString(2).length;
  const step = 2 ** low;
  return Math.ceil(length / step) * step;
}

interface Chunks {
  /** @param plaintext in pieces; so is what it gives */
  seal(plaintext: readonly Uint8Array[], last: boolean): Uint8Array[];
  open(ciphertext: Uint8Array, last: boolean): Uint8Array;
}

/** Seals or opens chunks one after the other. */
function makeChunks(suite: Suite, { key, use, record, section, epoch }: Sealing): Chunks {
  if (key.length !== 32) throw new RangeError('a stream is sealed under 32 bytes');
  const { cipher } = suite;
  const derived = suite.hkdf(key, frame('medshare/1', use, suite.name, record, section, epoch), cipher.keyLength);
  const about = frame('medshare/chunk/1', header(suite), use, record, section, epoch);
  let index = 0;
  const next = (last: boolean) => {
    if (index >= MAX_CHUNKS) throw new RangeError('a stream has at most 2^32 - 1 chunks');
    const ad = concat(about, frame(index, last ? 1 : 0));
    return { nonce: cipher.chunkNonce(index++, last), ad };
  };
  return {
    seal: (plaintext, last) => {
      const { nonce, ad } = next(last);
      return cipher.sealPieces(derived, nonce, ad, plaintext);
    },
    open: (ciphertext, last) => {
      const { nonce, ad } = next(last);
      return cipher.open(derived, nonce, ad, ciphertext);
    },
  };
}

/** Where a chunk is put together. There is one for a whole stream: what `take` gives is good until the next `put`. */
class ChunkBuffer {
  private bytes = new Uint8Array(0);
  private filled = 0;

  /** @param limit bytes, at most */
  constructor(private readonly limit: number) {}

  get isFull(): boolean {
    return this.filled === this.limit;
  }

  /** Bytes so far. */
  get length(): number {
    return this.filled;
  }

  /** @returns how many bytes of the part still fitted */
  put(part: Uint8Array): number {
    const taken = part.subarray(0, this.limit - this.filled);
    this.grow(this.filled + taken.length);
    this.bytes.set(taken, this.filled);
    this.filled += taken.length;
    return taken.length;
  }

  /** The bytes, with zeros up to `size`; then it is empty again. */
  take(size = this.filled): Uint8Array {
    this.grow(size);
    this.bytes.fill(0, this.filled, size);
    this.filled = 0;
    return this.bytes.subarray(0, size);
  }

  /** Most streams are short: it grows to its full size only when that is needed. */
  private grow(needed: number): void {
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.min(this.limit, Math.max(needed, 2 * this.bytes.length)));
    larger.set(this.bytes.subarray(0, this.filled));
    this.bytes = larger;
  }
}

/** A chunk's plaintext: length of its content, content, zeros up to `size` of both. */
const padded = (length: number, content: Uint8Array): Uint8Array[] => {
  const prefix = new Uint8Array(PREFIX);
  new DataView(prefix.buffer).setUint32(0, length);
  return [prefix, content];
};

/** What the buffer holds, padded. */
function takePadded(buffer: ChunkBuffer, size: number): Uint8Array[] {
  const { length } = buffer;
  return padded(length, buffer.take(size));
}

type Source = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Seals a stream: header of 8 bytes, then chunks of 1 MiB of plaintext, the last one shorter; each is encrypted and
 * authenticated with its index, whether it is the last, the header and the ids. The content is padded to its size class
 * with zeros; each chunk begins with the length of its content (4 bytes), so the true length is inside. Holds one chunk.
 */
export async function* sealStream(suite: Suite, sealing: Sealing, source: Source): AsyncGenerator<Uint8Array> {
  const chunks = makeChunks(suite, sealing);
  yield header(suite);
  const buffer = new ChunkBuffer(CONTENT);
  let total = 0;
  let sealed = 0;
  for await (const bytes of source) {
    for (let at = 0; at < bytes.length;) {
      // only now is it known not to be the last
      if (buffer.isFull) {
        yield* chunks.seal(takePadded(buffer, CONTENT), false);
        sealed += CONTENT;
      }
      if (buffer.length > 0 || bytes.length - at <= CONTENT) at += buffer.put(bytes.subarray(at));
      else {
        // a whole chunk at hand, and more behind it, needs no copy
        yield* chunks.seal(padded(CONTENT, bytes.subarray(at, at + CONTENT)), false);
        sealed += CONTENT;
        at += CONTENT;
      }
    }
    total += bytes.length;
  }
  for (const size = paddedSize(total); sealed < size;) {
    const length = Math.min(CONTENT, size - sealed);
    sealed += length;
    yield* chunks.seal(takePadded(buffer, length), sealed === size);
  }
}

/**
 * Opens a stream. What it yields is provisional until it ends: only the last chunk proves that nothing is missing.
 * @throws Error 'authentication failed': another key, id, suite or header; cut, extended, reordered or changed
 */
export async function* openStream(suite: Suite, sealing: Sealing, source: Source): AsyncGenerator<Uint8Array> {
  const chunks = makeChunks(suite, sealing);
  const buffer = new ChunkBuffer(chunkBytes + suite.cipher.overhead);
  let ended = false;
  let content = 0;
  let total = 0;
  const open = (last: boolean): Uint8Array => {
    const plaintext = chunks.open(buffer.take(), last);
    total += plaintext.length - PREFIX;
    const opened = contentOf(plaintext, ended);
    ended ||= opened.length < CONTENT;
    content += opened.length;
    return opened;
  };
  for await (const bytes of afterHeader(source, header(suite))) {
    for (let at = 0; at < bytes.length;) {
      if (buffer.isFull) yield open(false);
      at += buffer.put(bytes.subarray(at));
    }
  }
  const rest = open(true);
  if (total !== paddedSize(content)) throw authenticationFailed();
  yield rest;
}

/** The stream without its header, which must be the expected one. */
async function* afterHeader(source: Source, expected: Uint8Array): AsyncIterable<Uint8Array> {
  let seen = new Uint8Array(0) as Uint8Array;
  for await (const bytes of source) {
    if (seen.length >= expected.length) {
      yield bytes;
      continue;
    }
    const joined = concat(seen, bytes);
    seen = joined.subarray(0, expected.length);
    if (seen.length === expected.length && !equalBytes(seen, expected)) throw authenticationFailed();
    if (joined.length > expected.length) yield joined.subarray(expected.length);
  }
  if (seen.length < expected.length) throw authenticationFailed();
}

/** The content of a chunk; after one that was not full only empty ones may follow, and what is padding must be zeros. */
function contentOf(plaintext: Uint8Array, ended: boolean): Uint8Array {
  if (plaintext.length <= PREFIX) throw authenticationFailed();
  const length = new DataView(plaintext.buffer, plaintext.byteOffset, plaintext.length).getUint32(0);
  if (length > plaintext.length - PREFIX || (ended && length > 0)) throw authenticationFailed();
  for (let i = PREFIX + length; i < plaintext.length; i++) if (plaintext[i] !== 0) throw authenticationFailed();
  return plaintext.subarray(PREFIX, PREFIX + length);
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return concat(...parts);
}

/** `sealStream` of bytes at hand. */
export const sealBytes = (suite: Suite, sealing: Sealing, plaintext: Uint8Array): Promise<Uint8Array> =>
  collect(sealStream(suite, sealing, [plaintext]));

/** `openStream` of bytes at hand; gives nothing unless everything is authentic. */
export const openBytes = (suite: Suite, sealing: Sealing, sealed: Uint8Array): Promise<Uint8Array> =>
  collect(openStream(suite, sealing, [sealed]));
