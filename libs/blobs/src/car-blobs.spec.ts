import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CID } from 'multiformats/cid';
import { blobsContract } from './blobs.port.contract.js';
import { readCopies } from './read-copies.js';
import { CarBlobs } from './car-blobs.js';
import type { Car, CarStore, Copy } from './car-store.js';
import { parseCid } from './ipfs/address.js';
import { CarReader } from './ipfs/car.js';

const collect = async (content: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(part);
  return Buffer.concat(parts);
};
async function* inPieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

/** Keeps CARs in memory, and gives them in pieces of any size. */
class MemoryCars implements CarStore {
  readonly wanted = 1;
  readonly kept = new Map<string, Buffer>();
  /** as it comes from the store */
  give = (bytes: Buffer): AsyncIterable<Uint8Array> => inPieces(bytes, 100_003);

  async write(car: Car): Promise<void> {
    const bytes = await collect(car.bytes());
    expect(bytes.length).toBe(car.size);
    this.kept.set(car.root.toString(), bytes);
  }

  read(root: CID): Promise<Copy | undefined> {
    const bytes = this.kept.get(root.toString());
    return Promise.resolve(bytes && { car: this.give(bytes) });
  }

  async copies(root: CID): Promise<readonly Copy[]> {
    const copy = await this.read(root);
    return copy ? [copy] : [];
  }

  has(root: CID): Promise<boolean> {
    return Promise.resolve(this.kept.has(root.toString()));
  }

  async *list(): AsyncGenerator<string> {
    yield* await Promise.resolve(this.kept.keys());
  }

  remove(root: CID): Promise<void> {
    this.kept.delete(root.toString());
    return Promise.resolve();
  }
}

blobsContract('CARs', () => {
  const store = new MemoryCars();
  const tamper = (cid: string, how: 'flip' | 'cut' | 'drop'): Promise<void> => {
    const bytes = Buffer.from(store.kept.get(cid) ?? Buffer.alloc(0));
    if (how === 'flip') bytes[bytes.length >> 1]! ^= 1;
    store.kept.set(cid, how === 'flip' ? bytes : bytes.subarray(0, how === 'cut' ? -1 : 60));
    return Promise.resolve();
  };
  return Promise.resolve({ blobs: new CarBlobs(store), tamper });
});

describe('a CAR from a store', () => {
  const content = Buffer.concat([Buffer.alloc(262_144, 1), Buffer.alloc(262_144, 2), Buffer.alloc(262_144, 1)]);
  const stored = async (bytes = content) => {
    const store = new MemoryCars();
    const blobs = new CarBlobs(store);
    const { cid } = await blobs.put(bytes);
    return { store, blobs, cid, car: store.kept.get(cid)! };
  };

  it('is read in pieces of any size', async () => {
    for (const [size, bytes] of [
      [1, content.subarray(0, 9_000)],
      [251, content],
      [262_144, content],
      [10_000_000, content],
    ] as const) {
      const { store, blobs, cid } = await stored(bytes);
      store.give = (car) => inPieces(car, size);
      expect((await collect(blobs.get(cid))).equals(bytes)).toBe(true);
    }
  });

  it('is read to its end, so that its connection serves again', async () => {
    const { store, blobs, cid } = await stored();
    let ended = 0;
    store.give = async function* (car) {
      yield* inPieces(car, 100_003);
      ended += 1;
    };
    await collect(blobs.get(cid));
    expect(await readCopies(blobs, cid)).toMatchObject({ places: 1, whole: 1 });
    expect(ended).toBe(2);
  });

  it('may leave out what stood before, as kubo does', async () => {
    const { store, blobs, cid, car } = await stored();
    // the third leaf is the first again: a length of three bytes, an address of 36
    store.kept.set(cid, car.subarray(0, car.length - 262_144 - 36 - 3));
    expect((await collect(blobs.get(cid))).equals(content)).toBe(true);
  });

  it.each([
    [
      'of another root',
      (car: Buffer) => Buffer.concat([car.subarray(0, 30), Buffer.from([car[30]! ^ 1]), car.subarray(31)]),
    ],
    ['that promises a block without end', (car: Buffer) => Buffer.concat([car.subarray(0, 59), Buffer.alloc(9, 0xff)])],
    ['of nothing', () => Buffer.alloc(0)],
  ])('%s is refused and read no further', async (_, change) => {
    const { store, blobs, cid, car } = await stored();
    let given = 0;
    store.give = async function* (bytes) {
      yield bytes;
      for (; given < 100; given += 1) yield await Promise.resolve(Buffer.alloc(1_000_000));
    };
    store.kept.set(cid, change(car));
    await expect(collect(blobs.get(cid))).rejects.toMatchObject({ code: 'blob.tampered', where: cid });
    expect(given).toBeLessThan(3);
  });

  it('is asked block by block for what it does not give rightly', async () => {
    const { store, blobs, cid, car } = await stored();
    const blocks = new Map(await blocksOf(store, cid));
    store.kept.set(cid, car.subarray(0, 300));
    const asked: string[] = [];
    store.read = () =>
      Promise.resolve({
        car: store.give(store.kept.get(cid)!),
        blocks: [
          () => Promise.resolve(Buffer.from('something else')),
          (wanted: CID) => {
            asked.push(wanted.toString());
            return Promise.resolve(blocks.get(wanted.toString()));
          },
        ],
      });
    expect((await collect(blobs.get(cid))).equals(content)).toBe(true);
    expect(asked.length).toBe(2);
  });
});

describe('a blob on its way to the store', () => {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'medshare-spool-'))));
  afterEach(() => rm(folder, { recursive: true, force: true }));
  /** Puts a blob of different blocks; tells what lay in the folder while the store took it. */
  const put = async (blocks: number) => {
    const content = Buffer.concat(Array.from({ length: blocks }, (_, n) => Buffer.alloc(262_144, n)));
    const store = new MemoryCars();
    const blobs = new CarBlobs(store, { spool: folder });
    let lying: string[] = [];
    const write = store.write.bind(store);
    store.write = async (car) => {
      lying = await readdir(folder, { recursive: true });
      await write(car);
    };
    const { cid } = await blobs.put(content);
    expect((await collect(blobs.get(cid))).equals(content)).toBe(true);
    return lying.filter((name) => name.endsWith('.block'));
  };

  it('touches no disk when it is small', async () => {
    expect(await put(3)).toEqual([]);
  });

  it('is held in memory to a bound, and the rest lies in files only until then', async () => {
    // four leaves are held; eight and the root of all are not
    expect(await put(12)).toHaveLength(9);
    expect(await readdir(folder)).toEqual([]);
  });

  it('leaves nothing behind when the store refuses it', async () => {
    const store = new MemoryCars();
    store.write = () => Promise.reject(new Error('away'));
    const content = Buffer.concat(Array.from({ length: 12 }, (_, n) => Buffer.alloc(262_144, n)));
    await expect(new CarBlobs(store, { spool: folder }).put(content)).rejects.toMatchObject({
      code: 'storage.unavailable',
    });
    expect(await readdir(folder)).toEqual([]);
  });
});

async function blocksOf(store: MemoryCars, cid: string): Promise<[string, Uint8Array][]> {
  const reader = new CarReader(parseCid(cid), store.give(store.kept.get(cid)!));
  const found: [string, Uint8Array][] = [];
  for (let block; (block = await reader.next());) found.push([block.cid.toString(), block.bytes]);
  return found;
}
