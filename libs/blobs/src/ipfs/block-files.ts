import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { problem } from '@medshare/problems';
import type { CID } from 'multiformats/cid';
import { writeDurably } from './durable-files.js';
import type { ReadBlock } from './export-file.js';
import type { WriteBlock } from './import-file.js';

/** name of a block's file: its multihash does not matter, its CID does */
export const blockFile = (folder: string, cid: CID): string => join(folder, `${cid.toString()}.block`);

export const writeBlocksDurably =
  (folder: string): WriteBlock =>
  (cid, bytes) =>
    writeDurably(blockFile(folder, cid), bytes);

/** @param root who asks, for errors: a folder came whole, so a block that is gone was taken out */
export const readBlocks =
  (folder: string, root: CID): ReadBlock =>
  (cid) =>
    readFile(blockFile(folder, cid)).catch((cause: NodeJS.ErrnoException) => {
      const code = cause.code === 'ENOENT' ? 'blob.tampered' : 'storage.unavailable';
      throw problem(code, { where: root.toString(), cause });
    });
