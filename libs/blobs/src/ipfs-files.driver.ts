import { readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, systemRandom } from '@medshare/clock';
import { isProblem, problem } from '@medshare/problems';
import type { CID } from 'multiformats/cid';
import { maxBlobBytes, type Blobs, type StoredBlob } from './blobs.port.js';
import { parseCid } from './ipfs/address.js';
import { readBlocks, writeBlocksDurably } from './ipfs/block-files.js';
import { makeFolder, publishFolder, removeFolder, syncFolder } from './ipfs/durable-files.js';
import { exportFile } from './ipfs/export-file.js';
import { importFile } from './ipfs/import-file.js';
import { storageProblem } from './storage-problem.js';

export interface IpfsFilesOptions {
  /** folder of the store, made when missing */
  readonly path: string;
  /** most bytes of one blob; default 1 GiB */
  readonly maxBytes?: number;
  /** The whole file from another institution, for a blob that is not here. It is stored only if it has the CID asked for. */
  readonly fetchMissing?: (cid: string) => AsyncIterable<Uint8Array>;
}

const ABANDONED_MS = 3_600_000;

const storage = (caught: unknown): never => {
  throw storageProblem(caught);
};

/**
 * Files with IPFS addresses. `<path>/<last two letters>/<root CID>/` holds a blob's blocks; a blob is made in `<path>/new` and moved to
 * its place by one rename, so that it is there whole or not at all. Blobs share no blocks: ciphertexts have none in common.
 */
class IpfsFiles implements Blobs {
  readonly wanted = 1;
  readonly #path: string;
  readonly #options: IpfsFilesOptions;
  readonly #fetching = new Map<string, Promise<void>>();

  constructor(options: IpfsFilesOptions) {
    this.#path = options.path;
    this.#options = options;
  }

  async open(): Promise<this> {
    await makeFolder(join(this.#path, 'new'));
    for (const name of await readdir(join(this.#path, 'new'))) {
      const path = join(this.#path, 'new', name);
      // whoever makes it moves it to its place meanwhile
      const made = await stat(path).catch(() => undefined);
      if (made && systemClock.now() - made.mtimeMs > ABANDONED_MS) await removeFolder(path);
    }
    return this;
  }

  put(content: AsyncIterable<Uint8Array> | Uint8Array): Promise<StoredBlob> {
    return this.#store(content, () => undefined).catch(storage);
  }

  async *get(cid: string): AsyncGenerator<Uint8Array> {
    const root = parseCid(cid);
    if (!(await this.has(cid))) await this.#fetch(cid);
    yield* this.#read(root);
  }

  async has(cid: string): Promise<boolean> {
    return stat(this.#folder(parseCid(cid))).then(
      () => true,
      (caught: NodeJS.ErrnoException) => (caught.code === 'ENOENT' ? false : storage(caught)),
    );
  }

  async copies(cid: string): Promise<readonly AsyncIterable<Uint8Array>[]> {
    return (await this.has(cid)) ? [this.#read(parseCid(cid))] : [];
  }

  async *list(): AsyncGenerator<string> {
    for (const shard of await readdir(this.#path).catch(storage)) {
      if (shard.length === 2) yield* await readdir(join(this.#path, shard)).catch(storage);
    }
  }

  async remove(cid: string): Promise<void> {
    await this.#discard(parseCid(cid)).catch(storage);
  }

  #read(root: CID): AsyncGenerator<Uint8Array> {
    return exportFile(root, readBlocks(this.#folder(root), root));
  }

  #folder(cid: CID): string {
    const name = cid.toString();
    return join(this.#path, name.slice(-2), name);
  }

  #newFolder(): string {
    return join(this.#path, 'new', systemRandom.uuid());
  }

  async #store(
    content: AsyncIterable<Uint8Array> | Uint8Array,
    check: (stored: StoredBlob) => void,
  ): Promise<StoredBlob> {
    const made = this.#newFolder();
    await makeFolder(made);
    try {
      const stored = await importFile(content, this.#options.maxBytes ?? maxBlobBytes, writeBlocksDurably(made));
      check(stored);
      await this.#publish(made, parseCid(stored.cid));
      return stored;
    } finally {
      await removeFolder(made);
    }
  }

  async #publish(made: string, root: CID): Promise<void> {
    const place = this.#folder(root);
    await makeFolder(join(place, '..'));
    for (;;) {
      // a name that is seen may not be on disk yet: whoever relies on it syncs it
      if (await this.#isWhole(root)) return syncFolder(join(place, '..'));
      await this.#discard(root);
      const done = await publishFolder(made, place).then(
        () => true,
        // another put of the same bytes was first
        (caught: NodeJS.ErrnoException) =>
          ['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(caught.code ?? '') ? false : storage(caught),
      );
      if (done) return;
    }
  }

  /** Whether a stored blob can be read to its end. */
  async #isWhole(root: CID): Promise<boolean> {
    if (!(await this.has(root.toString()))) return false;
    try {
      const content = this.#read(root);
      while (!(await content.next()).done);
      return true;
    } catch (caught) {
      if (isProblem(caught) && caught.code === 'blob.tampered') return false;
      throw caught;
    }
  }

  /** Moves a blob aside under its name, so that whoever tries again finds what a removal left that broke off. */
  async #discard(root: CID): Promise<void> {
    const place = this.#folder(root);
    const aside = `${root.toString()}.`;
    const gone = await rename(place, join(this.#path, 'new', aside + systemRandom.uuid())).then(
      () => false,
      (caught: NodeJS.ErrnoException) => (caught.code === 'ENOENT' ? true : storage(caught)),
    );
    if (!gone) await syncFolder(join(place, '..'));
    for (const name of await readdir(join(this.#path, 'new')))
      if (name.startsWith(aside)) await removeFolder(join(this.#path, 'new', name));
  }

  async #fetch(cid: string): Promise<void> {
    const { fetchMissing } = this.#options;
    if (!fetchMissing) throw problem('blob.missing', { where: cid });
    const check = (stored: StoredBlob) => {
      if (stored.cid !== cid)
        throw problem('blob.tampered', { where: cid, detail: 'what was fetched has another address' });
    };
    const fetching =
      this.#fetching.get(cid) ??
      this.#store(fetchMissing(cid), check)
        .then(() => undefined, storage)
        .finally(() => this.#fetching.delete(cid));
    this.#fetching.set(cid, fetching);
    await fetching;
  }
}

export const openIpfsFiles = (options: IpfsFilesOptions): Promise<Blobs> =>
  new IpfsFiles(options).open().catch(storage);
