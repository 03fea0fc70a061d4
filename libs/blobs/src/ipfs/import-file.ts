import { problem } from '@medshare/problems';
import { importer } from 'ipfs-unixfs-importer';
import { fixedSize } from 'ipfs-unixfs-importer/chunker';
import { balanced } from 'ipfs-unixfs-importer/layout';
import type { CID } from 'multiformats/cid';
import type { StoredBlob } from '../blobs.port.js';

/** kubo's `--cid-version=1` (raw leaves, 256 KiB chunks, balanced, 174 links) */
const asKubo = () => ({
  cidVersion: 1 as const,
  rawLeaves: true,
  reduceSingleLeafToSelf: true,
  wrapWithDirectory: false,
  chunker: fixedSize({ chunkSize: 262_144 }),
  layout: balanced({ maxChildrenPerNode: 174 }),
});

async function* counted(content: AsyncIterable<Uint8Array> | Uint8Array, most: number, count: (n: number) => void) {
  let size = 0;
  for await (const piece of content instanceof Uint8Array ? [content] : content) {
    size += piece.length;
    if (size > most) throw problem('request.too-large', { where: 'blob', detail: `at most ${most} bytes` });
    count(piece.length);
    yield piece;
  }
}

export type WriteBlock = (cid: CID, bytes: Uint8Array) => Promise<void>;

/** Cuts a file into blocks, each written once. @param most bytes */
export const importFile = async (
  content: AsyncIterable<Uint8Array> | Uint8Array,
  most: number,
  write: WriteBlock,
): Promise<StoredBlob> => {
  const written = new Map<string, Promise<void>>();
  const blocks = {
    put: async (cid: CID, bytes: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<CID> => {
      const name = cid.toString();
      if (!(bytes instanceof Uint8Array)) throw problem('internal', { detail: 'the importer gives whole blocks' });
      const writing = written.get(name) ?? write(cid, bytes);
      written.set(name, writing);
      await writing;
      return cid;
    },
  };
  let size = 0;
  let root: CID | undefined;
  const source = [{ content: counted(content, most, (n) => (size += n)) }];
  for await (const { cid } of importer(source, blocks, asKubo())) root = cid;
  if (!root) throw problem('internal', { detail: 'the importer gave no root' });
  return { cid: root.toString(), size };
};
