import { randomBytes, randomUUID } from 'node:crypto';
import { fromBase64url, signDocument, suite, toBase64url, type SuiteName } from '@medshare/crypto/portable';
import type { AuditProof } from '@medshare/events';
import { inclusionProof, rootOf, saltedLeaf } from '@medshare/proofs';
import fc from 'fast-check';
import { verifyAuditProof, type AuditTrust } from './verify-audit.js';

/** A log as an institution's audit role keeps it. */
function makeLog(name: SuiteName, size: number) {
  const used = suite(name);
  const hash = (...parts: Uint8Array[]) => used.hash(...parts);
  const keys = used.generateKeyPair();
  const entries = Array.from({ length: size }, () => ({
    id: randomUUID(),
    action: 'ask.made',
    time: 1,
    outcome: 'success',
    role: 'reader',
    agent: { institution: 'harbor' },
    entities: [],
  }));
  const rows = entries.map((entry) => ({
    entry: new TextEncoder().encode(JSON.stringify(entry)),
    salt: new Uint8Array(randomBytes(32)),
  }));
  const leaves = rows.map(({ salt, entry }) => saltedLeaf(hash, salt, entry));
  const head = { institution: 'harbor', size, root: toBase64url(rootOf(hash, leaves)) };
  const checkpoint = {
    version: 1 as const,
    ...head,
    signature: signDocument(used, keys.privateKey, 'checkpoint', 1, head),
  };
  const trust: AuditTrust = { suite: name, auditKey: toBase64url(keys.publicKey), institution: 'harbor' };
  const prove = (index: number): AuditProof => ({
    entryId: entries[index]!.id,
    index,
    entry: toBase64url(rows[index]!.entry),
    salt: toBase64url(rows[index]!.salt),
    checkpoint,
    proof: inclusionProof(hash, leaves, index).map(toBase64url),
  });
  return { trust, prove, entries };
}

const flip = (text: string): string => {
  const bytes = fromBase64url(text);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  return toBase64url(bytes);
};

describe.each(['intl', 'sm'] as const)('an audit proof of suite %s', (name) => {
  const { trust, prove, entries } = makeLog(name, 9);

  it('verifies for every entry, with nothing but the audit key', () => {
    for (const [index, entry] of entries.entries()) expect(verifyAuditProof(trust, prove(index))).toEqual(entry);
  });

  it.each<[string, (proof: AuditProof) => AuditProof, RegExp]>([
    ['another entry', (proof) => ({ ...proof, entry: prove(3).entry }), /not under the checkpoint/],
    ['another salt', (proof) => ({ ...proof, salt: flip(proof.salt) }), /not under the checkpoint/],
    ['another place', (proof) => ({ ...proof, index: proof.index + 1 }), /not under the checkpoint/],
    ['a missing step', (proof) => ({ ...proof, proof: proof.proof.slice(1) }), /not under the checkpoint/],
    ['another id', (proof) => ({ ...proof, entryId: randomUUID() }), /another entry/],
    [
      'another root',
      (proof) => ({ ...proof, checkpoint: { ...proof.checkpoint, root: flip(proof.checkpoint.root) } }),
      /not signed/,
    ],
    ['another size', (proof) => ({ ...proof, checkpoint: { ...proof.checkpoint, size: 10 } }), /not signed/],
    ['another signature', (proof) => ({ ...proof, checkpoint: makeLog(name, 9).prove(0).checkpoint }), /not signed/],
    [
      'another institution',
      (proof) => ({ ...proof, checkpoint: { ...proof.checkpoint, institution: 'summit' } }),
      /of summit/,
    ],
  ])('is refused with %s', (_, alter, why) => {
    expect(() => verifyAuditProof(trust, alter(prove(5)))).toThrow(why);
  });

  it('is refused when any bit of any step is flipped', () => {
    fc.assert(
      fc.property(fc.nat(entries.length - 1), fc.nat(3), (index, at) => {
        const proof = prove(index);
        const step = at % proof.proof.length;
        const altered = {
          ...proof,
          proof: proof.proof.map((each, position) => (position === step ? flip(each) : each)),
        };
        expect(() => verifyAuditProof(trust, altered)).toThrow(/not under the checkpoint/);
      }),
      { numRuns: 30 },
    );
  });
});
