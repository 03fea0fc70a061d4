/** Merkle trees of RFC 9162 (section 2.1), as RFC 6962 has them, over any hash. */
export type Hash = (...parts: Uint8Array[]) => Uint8Array;

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

/** RFC 9162, 2.1.1: HASH(0x00 ‖ data). */
export const leafHash = (hash: Hash, data: Uint8Array): Uint8Array => hash(leafPrefix, data);

/** HASH(0x01 ‖ left ‖ right). */
export const nodeHash = (hash: Hash, left: Uint8Array, right: Uint8Array): Uint8Array => hash(nodePrefix, left, right);

/** A leaf that hides what it commits to until the salt (32 bytes) is shown. */
export const saltedLeaf = (hash: Hash, salt: Uint8Array, data: Uint8Array): Uint8Array =>
  leafHash(hash, hash(lengthOf(salt), salt, data));

const lengthOf = (bytes: Uint8Array): Uint8Array => {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, bytes.length);
  return out;
};

/** Largest power of two smaller than n, n ≥ 2. */
const split = (n: number): number => 2 ** Math.floor(Math.log2(n - 1));

/** MTH of RFC 9162, 2.1.1, over leaf hashes; the hash of nothing for none. */
export function rootOf(hash: Hash, leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves;
  if (!only) return hash();
  if (leaves.length === 1) return only;
  const k = split(leaves.length);
  return nodeHash(hash, rootOf(hash, leaves.slice(0, k)), rootOf(hash, leaves.slice(k)));
}

/** PATH of RFC 9162, 2.1.3.1. */
export function inclusionProof(hash: Hash, leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  if (index < 0 || index >= leaves.length) throw new RangeError(`no leaf ${index} in a tree of ${leaves.length}`);
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  return index < k
    ? [...inclusionProof(hash, left, index), rootOf(hash, right)]
    : [...inclusionProof(hash, right, index - k), rootOf(hash, left)];
}

export interface Inclusion {
  hash: Hash;
  leaf: Uint8Array;
  index: number;
  size: number;
  proof: readonly Uint8Array[];
  root: Uint8Array;
}

/** RFC 9162, 2.1.3.2. */
export function verifyInclusion({ hash, leaf, index, size, proof, root }: Inclusion): boolean {
  if (!isSize(index) || !isSize(size) || index >= size) return false;
  let [fn, sn, r] = [index, size - 1, leaf];
  for (const p of proof) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      r = nodeHash(hash, p, r);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      r = nodeHash(hash, r, p);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && same(r, root);
}

/** PROOF of RFC 9162, 2.1.4.1: that the tree of `first` leaves is a prefix of this one. */
export function consistencyProof(hash: Hash, leaves: readonly Uint8Array[], first: number): Uint8Array[] {
  if (first < 1 || first > leaves.length) throw new RangeError(`no tree of ${first} in one of ${leaves.length}`);
  return first === leaves.length ? [] : subProof(hash, leaves, first, true);
}

function subProof(hash: Hash, leaves: readonly Uint8Array[], m: number, whole: boolean): Uint8Array[] {
  if (m === leaves.length) return whole ? [] : [rootOf(hash, leaves)];
  const k = split(leaves.length);
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  return m <= k
    ? [...subProof(hash, left, m, whole), rootOf(hash, right)]
    : [...subProof(hash, right, m - k, false), rootOf(hash, left)];
}

export interface Consistency {
  hash: Hash;
  first: number;
  second: number;
  firstRoot: Uint8Array;
  secondRoot: Uint8Array;
  proof: readonly Uint8Array[];
}

/** RFC 9162, 2.1.4.2. */
export function verifyConsistency({ hash, first, second, firstRoot, secondRoot, proof }: Consistency): boolean {
  if (!isSize(first) || !isSize(second) || first < 1 || first > second) return false;
  if (first === second) return proof.length === 0 && same(firstRoot, secondRoot);
  const [start, ...rest] = isPowerOfTwo(first) ? [firstRoot, ...proof] : proof;
  const roots = start && foldConsistency(hash, [first - 1, second - 1], start, rest);
  return roots !== undefined && same(roots.first, firstRoot) && same(roots.second, secondRoot);
}

/** Steps 3 to 6 of RFC 9162, 2.1.4.2. @returns the roots that the path leads to; undefined when it is too long or too short */
function foldConsistency(
  hash: Hash,
  [fn, sn]: [number, number],
  start: Uint8Array,
  rest: readonly Uint8Array[],
): { first: Uint8Array; second: Uint8Array } | undefined {
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)];
  let [fr, sr] = [start, start];
  for (const c of rest) {
    if (sn === 0) return undefined;
    if (fn % 2 === 1 || fn === sn) {
      [fr, sr] = [nodeHash(hash, c, fr), nodeHash(hash, c, sr)];
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      sr = nodeHash(hash, sr, c);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 ? { first: fr, second: sr } : undefined;
}

const half = (n: number): number => Math.floor(n / 2);
const isSize = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
const isPowerOfTwo = (n: number): boolean => Number.isInteger(Math.log2(n));
const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);
