import { readFile } from 'node:fs/promises';
import { isProblem, problem } from '@medshare/problems';
import { exporter } from 'ipfs-unixfs-exporter';
import type { CID } from 'multiformats/cid';
import { isBlockOf } from './address.js';
import { blockFile } from './import-file.js';

/** Blocks of one folder, each hashed as it is read: the exporter itself checks nothing. */
const verifiedBlocks = (folder: string, root: string) => ({
  async *get(cid: CID): AsyncGenerator<Uint8Array> {
    const bytes = await readFile(blockFile(folder, cid)).catch((cause: NodeJS.ErrnoException) => {
      // the folder came whole: a block that is gone was taken out
      throw problem(cause.code === 'ENOENT' ? 'blob.tampered' : 'storage.unavailable', { where: root, cause });
    });
    if (!(await isBlockOf(cid, bytes))) throw problem('blob.tampered', { where: root });
    yield bytes;
  },
});

/** The bytes of a file in order. @throws Problem `blob.tampered` naming the root */
export async function* exportFile(folder: string, root: CID): AsyncGenerator<Uint8Array> {
  const name = root.toString();
  try {
    const entry = await exporter(root, verifiedBlocks(folder, name));
    if (entry.type !== 'file' && entry.type !== 'raw' && entry.type !== 'identity')
      throw problem('blob.tampered', { where: name });
    for await (const chunk of entry.content()) if (chunk.length > 0) yield chunk;
  } catch (caught) {
    throw isProblem(caught) ? caught : problem('blob.tampered', { where: name, cause: caught });
  }
}
