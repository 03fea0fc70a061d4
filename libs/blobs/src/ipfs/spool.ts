import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CID } from 'multiformats/cid';
import { blockFile, readBlocks } from './block-files.js';
import type { ReadBlock } from './export-file.js';
import type { WriteBlock } from './import-file.js';

/** Bytes of a blob that are kept in memory: most records are smaller, and never touch the disk on their way. */
const heldBytes = 1_048_576;

/** The blocks of one blob on their way to somewhere else: the first ones in memory, the rest in files. */
export class Spool {
  readonly #held = new Map<string, Uint8Array>();
  #size = 0;
  #folder: Promise<string> | undefined;

  /** @param place folder for what is not held in memory */
  constructor(private readonly place: string) {}

  readonly write: WriteBlock = async (cid, bytes) => {
    if (this.#size + bytes.length <= heldBytes) {
      this.#size += bytes.length;
      this.#held.set(cid.toString(), bytes);
      return;
    }
    await writeFile(blockFile(await this.#open(), cid), bytes, { flag: 'wx', mode: 0o600 });
  };

  /** @param root who asks, for errors */
  reader(root: CID): ReadBlock {
    return async (cid) => this.#held.get(cid.toString()) ?? readBlocks(await this.#open(), root)(cid);
  }

  #open(): Promise<string> {
    return (this.#folder ??= mkdtemp(join(this.place, 'medshare-blob-')));
  }

  async remove(): Promise<void> {
    this.#held.clear();
    const folder = await this.#folder?.catch(() => undefined);
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}
