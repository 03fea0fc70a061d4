import { createHash } from 'node:crypto';
import fc from 'fast-check';
import {
  appendLeaves,
  consistencyProof,
  inclusionProof,
  leafHash,
  nodeHash,
  rootOf,
  saltedLeaf,
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
const leavesOf = (count: number) =>
  Array.from({ length: count }, (_, i) => leafHash(hash, Uint8Array.of(i >> 8, i & 255)));
const flipped = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at % bytes.length ? byte ^ 1 : byte));
const sizes = fc.integer({ min: 1, max: 600 });
const pair = fc.tuple(sizes, sizes).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);

describe('trees of up to 600 leaves', () => {
  it('prove inclusion, and nothing that differs in one bit, length, place or size', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), fc.nat(), (size, which, bit) => {
        const index = which % size;
        const leaves = leavesOf(size);
        const proof = inclusionProof(hash, leaves, index);
        const good = { hash, leaf: leaves[index]!, index, size, proof, root: rootOf(hash, leaves) };
        expect(verifyInclusion(good)).toBe(true);
        expect(verifyInclusion({ ...good, leaf: flipped(good.leaf, bit) })).toBe(false);
        expect(verifyInclusion({ ...good, root: flipped(good.root, bit) })).toBe(false);
        expect(verifyInclusion({ ...good, proof: [...proof, good.root] })).toBe(false);
        expect(verifyInclusion({ ...good, index: size })).toBe(false);
        expect(verifyInclusion({ ...good, index: -1 })).toBe(false);
        expect(verifyInclusion({ ...good, index: index + 0.5 })).toBe(false);
        if (proof.length === 0) return;
        const at = bit % proof.length;
        expect(verifyInclusion({ ...good, proof: proof.slice(1) })).toBe(false);
        expect(verifyInclusion({ ...good, proof: proof.map((one, i) => (i === at ? flipped(one, bit) : one)) })).toBe(
          false,
        );
        expect(verifyInclusion({ ...good, index: (index + 1) % size })).toBe(false);
      }),
    );
  });

  it('prove consistency, and no rewritten history', () => {
    fc.assert(
      fc.property(pair, fc.nat(), ([first, second], which) => {
        const leaves = leavesOf(second);
        const at = which % first;
        const rewritten = leaves.map((leaf, i) => (i === at ? flipped(leaf, 0) : leaf));
        const roots = { firstRoot: rootOf(hash, leaves.slice(0, first)), secondRoot: rootOf(hash, leaves) };
        const proof = consistencyProof(hash, leaves, first);
        expect(verifyConsistency({ hash, first, second, ...roots, proof })).toBe(true);
        const forged = {
          secondRoot: rootOf(hash, rewritten),
          proof: consistencyProof(hash, rewritten, first),
        };
        expect(verifyConsistency({ hash, first, second, ...roots, ...forged })).toBe(false);
        expect(verifyConsistency({ hash, first, second, ...roots, proof: [...proof, roots.firstRoot] })).toBe(false);
        if (proof.length > 0)
          expect(verifyConsistency({ hash, first, second, ...roots, proof: proof.slice(1) })).toBe(false);
        expect(verifyConsistency({ hash, first: 0, second, ...roots, proof: [] })).toBe(false);
        if (first < second)
          expect(verifyConsistency({ hash, first: second, second: first, ...roots, proof })).toBe(false);
      }),
    );
  });

  it('are the same whether leaves come one by one or in batches, and from stored nodes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 6 }),
        fc.nat(),
        async (batches, which) => {
          const size = batches.reduce((sum, count) => sum + count, 0);
          const leaves = leavesOf(size);
          const nodes = new Map<string, Uint8Array>();
          const read = (level: number, position: number) => {
            const found = nodes.get(`${level}/${position}`);
            return found ? Promise.resolve(found) : Promise.reject(new Error(`no node ${level}/${position}`));
          };
          let at = 0;
          for (const count of batches) {
            for (const { level, position, hash: value } of await appendLeaves(
              hash,
              at,
              leaves.slice(at, at + count),
              read,
            )) {
              // a complete subtree is written once and never changes
              expect(nodes.has(`${level}/${position}`)).toBe(false);
              nodes.set(`${level}/${position}`, value);
            }
            at += count;
          }
          const index = which % size;
          expect(await storedRoot(hash, size, read)).toEqual(rootOf(hash, leaves));
          expect(await storedInclusion(hash, index, size, read)).toEqual(inclusionProof(hash, leaves, index));
          expect(await storedConsistency(hash, index + 1, size, read)).toEqual(
            consistencyProof(hash, leaves, index + 1),
          );
        },
      ),
      { numRuns: wholeHunts ? 40 : 15 },
    );
  });

  it('refuse places that are not there', async () => {
    const leaves = leavesOf(3);
    const read = () => Promise.reject(new Error('unread'));
    expect(() => inclusionProof(hash, leaves, 3)).toThrow(RangeError);
    expect(() => consistencyProof(hash, leaves, 4)).toThrow(RangeError);
    expect(() => consistencyProof(hash, leaves, 0)).toThrow(RangeError);
    await expect(storedInclusion(hash, 3, 3, read)).rejects.toThrow(RangeError);
    await expect(storedConsistency(hash, 4, 3, read)).rejects.toThrow(RangeError);
  });
});

describe('leaves', () => {
  it('never equal nodes, nor do salt and bytes move into each other', () => {
    const [a, b] = [leafHash(hash, Uint8Array.of(1)), leafHash(hash, Uint8Array.of(2))];
    const joined = new Uint8Array([...a, ...b]);
    expect(nodeHash(hash, a, b)).not.toEqual(leafHash(hash, joined));
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.uint8Array({ maxLength: 40 }), (salt, bytes) => {
        const whole = new Uint8Array([...salt, ...bytes]);
        expect(saltedLeaf(hash, salt, bytes)).not.toEqual(
          saltedLeaf(hash, salt.subarray(1), new Uint8Array([...bytes])),
        );
        expect(saltedLeaf(hash, salt, bytes)).not.toEqual(
          saltedLeaf(hash, whole.subarray(0, salt.length - 1), whole.subarray(salt.length - 1)),
        );
        expect(saltedLeaf(hash, salt, bytes)).not.toEqual(leafHash(hash, bytes));
      }),
    );
  });
});
