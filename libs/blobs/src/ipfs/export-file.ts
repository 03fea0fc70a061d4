import { decode } from '@ipld/dag-pb';
import { isProblem, problem } from '@medshare/problems';
import { UnixFS } from 'ipfs-unixfs';
import type { CID } from 'multiformats/cid';
import { isBlockOf, parseCid, RAW } from './address.js';

/** Gives the bytes that stand under an address; nobody has checked them yet. */
export type ReadBlock = (cid: CID) => Promise<Uint8Array>;
export interface Block {
  readonly cid: CID;
  readonly bytes: Uint8Array;
}

/** Levels of links: 174 links to 256 KiB each make 1 GiB three levels deep. */
const deepest = 6;
/** Bytes that a block may have: kubo's chunks, and their links, are smaller. */
export const longestBlock = 1_048_576;

/**
 * The blocks of a file, each hashed before it is given: a node before what it links to, from left to right, the order of blocks in a CAR
 * file. A block that stands twice is given twice.
 * @throws Problem `blob.tampered` naming the root, and what `read` throws
 */
export async function* exportBlocks(root: CID, read: ReadBlock): AsyncGenerator<Block> {
  try {
    yield* walk(root, read, deepest);
  } catch (caught) {
    throw isProblem(caught) ? caught : problem('blob.tampered', { where: root.toString(), cause: caught });
  }
}

/** The bytes of a file in order. @throws Problem `blob.tampered` naming the root, and what `read` throws */
export async function* exportFile(root: CID, read: ReadBlock): AsyncGenerator<Uint8Array> {
  for await (const { cid, bytes } of exportBlocks(root, read)) if (cid.code === RAW && bytes.length > 0) yield bytes;
}

async function* walk(cid: CID, read: ReadBlock, levels: number): AsyncGenerator<Block> {
  const bytes = await read(cid);
  if (bytes.length > longestBlock || !(await isBlockOf(cid, bytes))) throw new Error('not the block');
  yield { cid, bytes };
  if (cid.code === RAW) return;
  if (levels === 0) throw new Error('too deep');
  for (const link of linksOf(bytes)) yield* walk(link, read, levels - 1);
}

/** Links of a node of a file whose bytes all stand in raw leaves. */
function linksOf(bytes: Uint8Array): CID[] {
  const { Data, Links } = decode(bytes);
  const node = Data && UnixFS.unmarshal(Data);
  if (node?.type !== 'file' || (node.data?.length ?? 0) > 0) throw new Error('not a file of raw leaves');
  return Links.map(({ Hash }) => linkOf(Hash.toString()));
}

function linkOf(text: string): CID {
  try {
    return parseCid(text);
  } catch (cause) {
    throw new Error('links to what no file is made of', { cause });
  }
}
