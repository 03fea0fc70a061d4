import { fromBase64url, toBase64url } from './bytes.js';
import type { Point } from './curve.js';
import { pointOf, type Deal } from './deal.js';
import { frame } from './frame.js';
import type { Suite } from './suite.js';

/**
 * A section's key, sealed to a delegating key: E = rG, with a Schnorr proof (T, z) that its maker knew r, bound to deal
 * and section: a capsule cannot be copied, blinded or moved, and no custodian becomes an oracle.
 */
export interface Capsule {
  version: 1;
  deal: string;
  section: string;
  E: string;
  T: string;
  z: string;
}

const challenge = (suite: Suite, { deal, section, E, T }: Omit<Capsule, 'z' | 'version'>): bigint =>
  suite.curve.hashToScalar('medshare/capsule/1', suite.name, deal, section, E, T);

/** The section's key out of Z = r·A. */
export const capsuleKey = (suite: Suite, { deal, section, E }: Capsule, shared: Point): Uint8Array =>
  suite.hkdf(suite.curve.encode(shared), frame('medshare/capsule-key/1', suite.name, deal, section, E), 32);

export function sealCapsule(suite: Suite, given: Deal, section: string): { capsule: Capsule; key: Uint8Array } {
  const { curve } = suite;
  const [r, u] = [curve.randomScalar(), curve.randomScalar()];
  const content = {
    deal: given.id,
    section,
    E: toBase64url(curve.encode(curve.base(r))),
    T: toBase64url(curve.encode(curve.base(u))),
  };
  const z = curve.mod(u + challenge(suite, content) * r);
  const capsule: Capsule = { version: 1, ...content, z: toBase64url(curve.encodeScalar(z)) };
  return { capsule, key: capsuleKey(suite, capsule, curve.mul(r, pointOf(suite, given.key))) };
}

/** @throws Error naming the section. */
export function checkCapsule(suite: Suite, given: Deal, capsule: Capsule): void {
  if (capsule.deal !== given.id) throw new Error(`capsule ${capsule.section}: of another deal`);
  if (!proofHolds(suite, capsule)) throw new Error(`capsule ${capsule.section}: proof`);
}

function proofHolds(suite: Suite, capsule: Capsule): boolean {
  try {
    const { curve } = suite;
    const [E, T] = [pointOf(suite, capsule.E), pointOf(suite, capsule.T)];
    const z = curve.decodeScalar(fromBase64url(capsule.z));
    return curve.difference(z, curve.generator, challenge(suite, capsule), E).equals(T);
  } catch {
    return false;
  }
}

/** From how many capsules on one random linear combination pays, where points are slow. */
const combineFrom = 8;

/** Checks many; where the curve is slow, all at once, and one by one only to name the bad one. @throws Error */
export function checkCapsules(suite: Suite, given: Deal, capsules: readonly Capsule[]): void {
  const combined = capsules.length >= combineFrom && suite.curve.pippengerFrom < combineFrom;
  if (combined && combinationHolds(suite, given, capsules)) return;
  for (const capsule of capsules) checkCapsule(suite, given, capsule);
  if (combined) throw new Error('capsules: combined proof');
}

function combinationHolds(suite: Suite, given: Deal, capsules: readonly Capsule[]): boolean {
  try {
    const { curve } = suite;
    let base = 0n;
    const [scalars, points, weights, nonces]: [bigint[], Point[], bigint[], Point[]] = [[], [], [], []];
    for (const capsule of capsules) {
      if (capsule.deal !== given.id) return false;
      const weight = weightOf(suite);
      base += weight * curve.decodeScalar(fromBase64url(capsule.z));
      scalars.push(-weight * challenge(suite, capsule));
      points.push(pointOf(suite, capsule.E));
      weights.push(weight);
      nonces.push(pointOf(suite, capsule.T));
    }
    const left = curve.sum([base, ...scalars], [curve.generator, ...points]);
    return left.equals(curve.sum(weights, nonces, 128));
  } catch {
    return false;
  }
}

const weightOf = (suite: Suite): bigint =>
  suite.randomBytes(16).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n) | 1n;
