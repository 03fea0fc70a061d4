import { nodeHash, type Hash } from './merkle.js';

/** A complete subtree of a growing log: level 0 are the leaves; position counts subtrees of that level from the left. */
export interface TreeNode {
  level: number;
  position: number;
  hash: Uint8Array;
}

/** Reads a stored node; every complete subtree of the log's size is there. */
export type ReadNode = (level: number, position: number) => Promise<Uint8Array>;

/** The nodes that become complete when leaves are appended to a log of `size`: to be stored together with the leaves. */
export async function appendLeaves(
  hash: Hash,
  size: number,
  leaves: readonly Uint8Array[],
  readNode: ReadNode,
): Promise<TreeNode[]> {
  const made = new Map<string, Uint8Array>();
  const nodes: TreeNode[] = [];
  const read = async (level: number, position: number) =>
    made.get(`${level}/${position}`) ?? (await readNode(level, position));
  for (const [offset, leaf] of leaves.entries()) {
    let [level, position, value] = [0, size + offset, leaf];
    for (;;) {
      made.set(`${level}/${position}`, value);
      nodes.push({ level, position, hash: value });
      if (position % 2 === 0) break;
      value = nodeHash(hash, await read(level, position - 1), value);
      [level, position] = [level + 1, (position - 1) / 2];
    }
  }
  return nodes;
}

/** Hash of the leaves `start`…`end`, where `start` is aligned as in the tree of RFC 9162. */
async function rangeHash(hash: Hash, start: number, end: number, readNode: ReadNode): Promise<Uint8Array> {
  const size = end - start;
  const level = Math.log2(size);
  if (Number.isInteger(level)) return readNode(level, start / size);
  const k = 2 ** Math.floor(level);
  return nodeHash(hash, await readNode(Math.log2(k), start / k), await rangeHash(hash, start + k, end, readNode));
}

/** Root of the log when it had `size` leaves. */
export async function storedRoot(hash: Hash, size: number, readNode: ReadNode): Promise<Uint8Array> {
  return size === 0 ? hash() : rangeHash(hash, 0, size, readNode);
}

/** RFC 9162, 2.1.3.1, from stored nodes: O(log² n) reads. */
export async function storedInclusion(
  hash: Hash,
  index: number,
  size: number,
  readNode: ReadNode,
): Promise<Uint8Array[]> {
  if (index < 0 || index >= size) throw new RangeError(`no leaf ${index} in a tree of ${size}`);
  const proof: Uint8Array[] = [];
  for (let [start, end] = [0, size]; end - start > 1;) {
    const middle = start + 2 ** Math.floor(Math.log2(end - start - 1));
    if (index < middle) {
      proof.unshift(await rangeHash(hash, middle, end, readNode));
      end = middle;
    } else {
      proof.unshift(await rangeHash(hash, start, middle, readNode));
      start = middle;
    }
  }
  return proof;
}

/** RFC 9162, 2.1.4.1, from stored nodes. */
export async function storedConsistency(
  hash: Hash,
  first: number,
  second: number,
  readNode: ReadNode,
): Promise<Uint8Array[]> {
  if (first < 1 || first > second) throw new RangeError(`no tree of ${first} in one of ${second}`);
  const proof: Uint8Array[] = [];
  let [start, end, whole] = [0, second, true];
  while (first !== end) {
    const middle = start + 2 ** Math.floor(Math.log2(end - start - 1));
    if (first <= middle) {
      proof.unshift(await rangeHash(hash, middle, end, readNode));
      end = middle;
    } else {
      proof.unshift(await rangeHash(hash, start, middle, readNode));
      [start, whole] = [middle, false];
    }
  }
  return whole ? proof : [await rangeHash(hash, start, end, readNode), ...proof];
}
