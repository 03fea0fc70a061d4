import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { problem } from '@medshare/problems';
import type { CID } from 'multiformats/cid';
import { maxBlobBytes, type Blobs, type StoredBlob } from './blobs.port.js';
import type { Car, CarStore, Copy } from './car-store.js';
import { parseCid } from './ipfs/address.js';
import { writeCar } from './ipfs/car.js';
import { exportBlocks, type ReadBlock } from './ipfs/export-file.js';
import { importFile } from './ipfs/import-file.js';
import { readCopy } from './ipfs/read-copy.js';
import { Spool } from './ipfs/spool.js';
import { storageProblem } from './storage-problem.js';

export interface CarBlobsOptions {
  /** most bytes of one blob; default 1 GiB */
  readonly maxBytes?: number;
  /** folder for blocks of a large blob before it is sent; default the system's */
  readonly spool?: string;
  /** The whole file from another institution, for a blob that is not here. It is stored only if it has the CID asked for. */
  readonly fetchMissing?: (cid: string) => AsyncIterable<Uint8Array>;
}

const storage = (caught: unknown): never => {
  throw storageProblem(caught);
};

/** Blobs in a store that takes each whole, as a CAR. The address is made here, and what comes back is checked here. */
export class CarBlobs implements Blobs {
  readonly #fetching = new Map<string, Promise<void>>();

  constructor(
    private readonly store: CarStore,
    private readonly options: CarBlobsOptions = {},
  ) {}

  get wanted(): number {
    return this.store.wanted;
  }

  put(content: AsyncIterable<Uint8Array> | Uint8Array): Promise<StoredBlob> {
    return this.#put(content, () => undefined).catch(storage);
  }

  async *get(cid: string): AsyncGenerator<Uint8Array> {
    const root = parseCid(cid);
    yield* this.#read(root, await this.#copyOf(root).catch(storage));
  }

  async has(cid: string): Promise<boolean> {
    return this.store.has(parseCid(cid)).catch(storage);
  }

  async copies(cid: string): Promise<readonly AsyncIterable<Uint8Array>[]> {
    const root = parseCid(cid);
    return (await this.store.copies(root).catch(storage)).map((copy) => this.#read(root, copy));
  }

  async *list(): AsyncGenerator<string> {
    try {
      yield* this.store.list();
    } catch (caught) {
      storage(caught);
    }
  }

  async remove(cid: string): Promise<void> {
    await this.store.remove(parseCid(cid)).catch(storage);
  }

  async *#read(root: CID, copy: Copy): AsyncGenerator<Uint8Array> {
    try {
      yield* readCopy(root, copy);
    } catch (caught) {
      storage(caught);
    }
  }

  async #copyOf(root: CID): Promise<Copy> {
    const cid = root.toString();
    const there = await this.store.read(root);
    if (there) return there;
    await this.#fetch(cid);
    const fetched = await this.store.read(root);
    if (!fetched) throw problem('blob.missing', { where: cid });
    return fetched;
  }

  async #put(
    content: AsyncIterable<Uint8Array> | Uint8Array,
    check: (stored: StoredBlob) => void,
  ): Promise<StoredBlob> {
    const spool = new Spool(this.options.spool ?? tmpdir());
    try {
      const stored = await importFile(content, this.options.maxBytes ?? maxBlobBytes, spool.write);
      check(stored);
      const root = parseCid(stored.cid);
      await this.store.write(await carOf(root, spool.reader(root)));
      return stored;
    } finally {
      await spool.remove();
    }
  }

  async #fetch(cid: string): Promise<void> {
    const { fetchMissing } = this.options;
    if (!fetchMissing) throw problem('blob.missing', { where: cid });
    const check = (stored: StoredBlob): void => {
      if (stored.cid !== cid)
        throw problem('blob.tampered', { where: cid, detail: 'what was fetched has another address' });
    };
    const fetching =
      this.#fetching.get(cid) ??
      this.#put(fetchMissing(cid), check)
        .then(() => undefined)
        .finally(() => this.#fetching.delete(cid));
    this.#fetching.set(cid, fetching);
    await fetching;
  }
}

async function carOf(root: CID, read: ReadBlock): Promise<Car> {
  const blocks = () => exportBlocks(root, read);
  const cids: CID[] = [];
  const seen = async function* () {
    for await (const block of blocks()) {
      cids.push(block.cid);
      yield block;
    }
  };
  const hash = createHash('sha256');
  let size = 0;
  for await (const part of writeCar(root, seen())) {
    hash.update(part);
    size += part.length;
  }
  return { root, cids, size, sha256: hash.digest(), bytes: () => writeCar(root, blocks()) };
}
