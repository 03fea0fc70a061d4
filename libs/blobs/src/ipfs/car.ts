import { CID } from 'multiformats/cid';
import { storageProblem } from '../storage-problem.js';
import { longestBlock, type Block } from './export-file.js';

// CARv1 (https://ipld.io/specs/transport/car/carv1/) of one file: what kubo takes with `dag import` and gives with `dag export`.

const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');

/** unsigned LEB128 */
const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    bytes.push(left < 128 ? left : (left % 128) + 128);
    if (left < 128) return Buffer.from(bytes);
  }
};

/** DAG-CBOR of `{roots: [root], version: 1}`, with its length in front; every writer gives these bytes. */
const headerOf = (root: CID): Buffer => {
  const cid = root.bytes;
  // map of 2, "roots": array of 1, tag 42, bytes with the multibase prefix 0; "version": 1
  const link = Buffer.concat([Buffer.from([0x81, 0xd8, 0x2a, 0x58, cid.length + 1, 0]), cid]);
  const map = Buffer.concat([
    Buffer.from([0xa2, 0x65]),
    utf8('roots'),
    link,
    Buffer.from([0x67]),
    utf8('version'),
    Buffer.from([1]),
  ]);
  return Buffer.concat([varint(map.length), map]);
};

/** Bytes of a CAR. */
export async function* writeCar(root: CID, blocks: AsyncIterable<Block>): AsyncGenerator<Uint8Array> {
  yield headerOf(root);
  for await (const { cid, bytes } of blocks)
    yield Buffer.concat([varint(cid.bytes.length + bytes.length), cid.bytes, bytes]);
}

/** Reads the blocks of a CAR as they come. Nothing longer than a block is ever held, whatever the source says. */
export class CarReader {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #root: CID;
  #held: Buffer = Buffer.alloc(0);
  #begun = false;

  constructor(root: CID, source: AsyncIterable<Uint8Array>) {
    this.#root = root;
    this.#source = source[Symbol.asyncIterator]();
  }

  /** @returns undefined at the end. @throws Problem `storage.unavailable` when the source breaks, Error for what is no CAR of this root */
  async next(): Promise<Block | undefined> {
    if (!this.#begun) await this.#begin();
    const length = await this.#length();
    if (length === undefined) return undefined;
    const section = await this.#take(length);
    const [cid, bytes] = CID.decodeFirst(section);
    return { cid, bytes };
  }

  /** Lets the source go: a connection that was read to its end serves again. */
  async close(): Promise<void> {
    // what was given rightly ends here; whatever else comes is not read
    if (this.#held.length === 0 && (await this.#source.next().catch(() => ({ done: true }))).done) return;
    await this.#source.return?.();
  }

  async #begin(): Promise<void> {
    this.#begun = true;
    const header = headerOf(this.#root);
    if (!(await this.#take(header.length)).equals(header)) throw new Error('no CAR of this root');
  }

  async #length(): Promise<number | undefined> {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      if (this.#held.length === 0 && !(await this.#more())) {
        if (factor === 1) return undefined;
        throw new Error('a CAR that ends early');
      }
      const [byte = 0] = await this.#take(1);
      value += (byte % 128) * factor;
      if (value > longestBlock + 64) throw new Error('a block that is too long');
      if (byte < 128) return value;
    }
  }

  async #take(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let missing = length; missing > 0;) {
      if (this.#held.length === 0 && !(await this.#more())) throw new Error('a CAR that ends early');
      const part = this.#held.subarray(0, missing);
      this.#held = this.#held.subarray(part.length);
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  async #more(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.#source.next().catch((caught: unknown) => {
        throw storageProblem(caught);
      });
      if (done) return false;
      if (value.length > 0) {
        this.#held = Buffer.from(value.buffer, value.byteOffset, value.length);
        return true;
      }
    }
  }
}
