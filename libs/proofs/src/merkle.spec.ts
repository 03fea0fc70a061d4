import { createHash } from 'node:crypto';
import {
  appendLeaves,
  consistencyProof,
  inclusionProof,
  leafHash,
  rootOf,
  storedConsistency,
  storedInclusion,
  storedRoot,
  verifyConsistency,
  verifyInclusion,
} from './index.js';

const hash = (...parts: Uint8Array[]): Uint8Array => {
  const sha = createHash('sha256');
  for (const part of parts) sha.update(part);
  return new Uint8Array(sha.digest());
};
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** The eight leaves of the reference implementation's test tree (RFC 6962). */
const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const eight = inputs.map((input) => leafHash(hash, Buffer.from(input, 'hex')));
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const leaves = Array.from({ length: 70 }, (_, i) => leafHash(hash, Uint8Array.of(i)));

async function store(count: number) {
  const nodes = new Map<string, Uint8Array>();
  const read = (level: number, position: number) => {
    const found = nodes.get(`${level}/${position}`);
    return found ? Promise.resolve(found) : Promise.reject(new Error(`${level}/${position}`));
  };
  for (let size = 0; size < count; size += 3) {
    for (const node of await appendLeaves(hash, size, leaves.slice(size, Math.min(size + 3, count)), read))
      nodes.set(`${node.level}/${node.position}`, node.hash);
  }
  return read;
}

describe('Merkle trees of RFC 9162', () => {
  it('has the root of the empty tree', () => {
    expect(hex(rootOf(hash, []))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  it.each(roots.map((root, i) => [i + 1, root] as const))('has the reference root of %i leaves', (size, root) => {
    expect(hex(rootOf(hash, eight.slice(0, size)))).toBe(root);
  });

  it('proves and verifies every leaf of every size up to 70, and only at its place', () => {
    for (let size = 1; size <= 70; size += 1) {
      const tree = leaves.slice(0, size);
      const root = rootOf(hash, tree);
      for (let index = 0; index < size; index += 1) {
        const given = { hash, leaf: leaves[index]!, index, size, proof: inclusionProof(hash, tree, index), root };
        expect(verifyInclusion(given)).toBe(true);
        if (size > 1) expect(verifyInclusion({ ...given, index: (index + 1) % size })).toBe(false);
        expect(verifyInclusion({ ...given, leaf: hash(leaves[index]!) })).toBe(false);
        expect(verifyInclusion({ ...given, proof: [...given.proof, root] })).toBe(false);
      }
    }
  });

  it('proves and verifies consistency of every pair up to 70, and of no other root', () => {
    for (let second = 1; second <= 70; second += 1) {
      const tree = leaves.slice(0, second);
      const secondRoot = rootOf(hash, tree);
      for (let first = 1; first <= second; first += 1) {
        const firstRoot = rootOf(hash, tree.slice(0, first));
        const given = { hash, first, second, firstRoot, secondRoot, proof: consistencyProof(hash, tree, first) };
        expect(verifyConsistency(given)).toBe(true);
        expect(verifyConsistency({ ...given, firstRoot: hash(firstRoot) })).toBe(false);
        expect(verifyConsistency({ ...given, secondRoot: hash(secondRoot) })).toBe(false);
      }
    }
  });

  it('gives the same roots and proofs from stored nodes', async () => {
    const read = await store(70);
    for (let size = 1; size <= 70; size += 1) {
      const tree = leaves.slice(0, size);
      expect(hex(await storedRoot(hash, size, read))).toBe(hex(rootOf(hash, tree)));
      for (const index of [0, size >> 1, size - 1])
        expect((await storedInclusion(hash, index, size, read)).map(hex)).toEqual(
          inclusionProof(hash, tree, index).map(hex),
        );
      for (const first of [1, (size >> 1) + 1, size])
        expect((await storedConsistency(hash, first, size, read)).map(hex)).toEqual(
          consistencyProof(hash, tree, first).map(hex),
        );
    }
  });

  it('finds a planted defect: a tree without domain separation', () => {
    const plain = (...parts: Uint8Array[]) => hash(...parts.filter((part) => part.length !== 1));
    expect(hex(rootOf(plain, eight.slice(0, 2)))).not.toBe(roots[1]);
  });
});
