import { fromBase64url, toBase64url, toBigInt } from './bytes.js';
import type { Point } from './curve.js';
import { pointOf, type Deal } from './deal.js';
import { frame } from './frame.js';
import { deriveNonce } from './nonce.js';
import type { Suite } from './suite.js';

/**
 * A key for one section, sealed to a deal: E = r·G; the key comes out of r·A with A the deal's `key`. (T, z) proves knowledge
 * of r, bound to deal and section (Schnorr): a capsule cannot be copied, blinded or moved, and a custodian that multiplies
 * E tells nothing beyond what its maker knew.
 */
export interface Capsule {
  readonly version: 1;
  readonly deal: string;
  /** Opaque id, at most 64 characters. */
  readonly section: string;
  readonly E: string;
  readonly T: string;
  readonly z: string;
}

/** A capsule whose points and proof are decoded. */
export interface DecodedCapsule {
  readonly capsule: Capsule;
  readonly E: Point;
  readonly T: Point;
  readonly z: bigint;
}

const FIELDS = 'E,T,deal,section,version,z';
const refused = (section: string, why: string): Error => new Error(`capsule of ${section}: ${why}`);

const challenge = ({ name, curve }: Suite, deal: string, section: string, E: Point, T: Point): bigint =>
  curve.hashToScalar('medshare/capsule/1', name, deal, section, curve.encode(E), curve.encode(T));

/** The section's key, 32 bytes, out of the shared point r·A. */
export const capsuleKey = (suite: Suite, shared: Point, { deal, section, E }: Capsule): Uint8Array => {
  const info = frame('medshare/key/1', suite.name, deal, section, fromBase64url(E));
  return suite.hkdf(suite.curve.encode(shared), info, 32);
};

/** @param section opaque id, 1 to 64 characters. @returns the capsule, and 32 bytes to seal the section with */
export function sealCapsule(suite: Suite, deal: Deal, section: string): { capsule: Capsule; key: Uint8Array } {
  const { curve } = suite;
  if (section.length < 1 || section.length > 64)
    throw refused(section.slice(0, 64), 'a section id has 1 to 64 characters');
  const r = curve.randomScalar();
  const E = curve.base(r);
  const context = frame('medshare/capsule/1', suite.name, deal.id, section, curve.encode(E));
  const u = deriveNonce(suite, curve.scalarBytes(r), context);
  const T = curve.base(u);
  const z = curve.mod(u + challenge(suite, deal.id, section, E, T) * r);
  const capsule: Capsule = {
    version: 1,
    deal: deal.id,
    section,
    E: toBase64url(curve.encode(E)),
    T: toBase64url(curve.encode(T)),
    z: toBase64url(curve.scalarBytes(z)),
  };
  return { capsule, key: capsuleKey(suite, curve.multiply(r, pointOf(curve, deal.key, 'key')), capsule) };
}

function checkShape(deal: Deal, capsule: Capsule): void {
  const { section } = capsule;
  if (Object.keys(capsule).sort().join() !== FIELDS || capsule.version !== 1) throw refused(section, 'shape');
  if (typeof section !== 'string' || section.length < 1 || section.length > 64) throw refused('?', 'section id');
  if (capsule.deal !== deal.id) throw refused(section, 'another deal or epoch');
}

function decode({ curve }: Suite, deal: Deal, capsule: Capsule): DecodedCapsule {
  checkShape(deal, capsule);
  try {
    const [E, T] = [curve.decode(fromBase64url(capsule.E)), curve.decode(fromBase64url(capsule.T))];
    return { capsule, E, T, z: curve.scalarOf(fromBase64url(capsule.z)) };
  } catch {
    throw refused(capsule.section, 'encoding');
  }
}

function checkProof(suite: Suite, { capsule, E, T, z }: DecodedCapsule): void {
  const { curve } = suite;
  const c = challenge(suite, capsule.deal, capsule.section, E, T);
  if (!curve.difference(z, curve.generator, c, E).equals(T)) throw refused(capsule.section, 'proof');
}

/** @throws Error `capsule of <section>: …` */
export const checkCapsule = (suite: Suite, deal: Deal, capsule: Capsule): void =>
  checkProof(suite, decode(suite, deal, capsule));

/** Checks many capsules of one deal; the one that is wrong is named. @throws Error `capsule of <section>: …` */
export const checkCapsules = (suite: Suite, deal: Deal, capsules: readonly Capsule[]): void => {
  decodeCapsules(suite, deal, capsules);
};

/** Up to this many are checked one by one. */
const FEW = 8;

/**
 * The points E, with shape and deal checked, without the proofs: for a reader, who has no secret that a forged E could draw out and finds
 * by the section's own authentication that a key is wrong.
 * @throws Error `capsule of <section>: …`
 */
export const readCapsules = ({ curve }: Suite, deal: Deal, capsules: readonly Capsule[]): Point[] =>
  capsules.map((capsule) => {
    checkShape(deal, capsule);
    try {
      return curve.decode(fromBase64url(capsule.E));
    } catch {
      throw refused(capsule.section, 'encoding');
    }
  });

/** Like `checkCapsules`, and gives the decoded points: for whoever multiplies them by a secret. */
export function decodeCapsules(suite: Suite, deal: Deal, capsules: readonly Capsule[]): DecodedCapsule[] {
  const decoded = capsules.map((capsule) => decode(suite, deal, capsule));
  // one random linear combination pays only where single multiplications are slow
  const together = decoded.length > FEW && suite.curve.pippengerFrom < FEW;
  if (!together || !combined(suite, decoded)) decoded.forEach((one) => checkProof(suite, one));
  return decoded;
}

/** Σ wᵢ(zᵢ·G − cᵢ·Eᵢ) = Σ wᵢ·Tᵢ for random 128-bit w: wrong proofs pass with probability 2⁻¹²⁸. */
function combined(suite: Suite, decoded: readonly DecodedCapsule[]): boolean {
  const { curve } = suite;
  const weights = decoded.map(() => toBigInt(suite.randomBytes(16)));
  const sumOfZ = decoded.reduce((sum, { z }, i) => sum + weights[i]! * z, 0n);
  const scalars = decoded.map(
    ({ capsule, E, T }, i) => -weights[i]! * challenge(suite, capsule.deal, capsule.section, E, T),
  );
  const left = curve.sum([sumOfZ, ...scalars], [curve.generator, ...decoded.map(({ E }) => E)]);
  const right = curve.sum(
    weights,
    decoded.map(({ T }) => T),
    128,
  );
  return left.equals(right);
}
