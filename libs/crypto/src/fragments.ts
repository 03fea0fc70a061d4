import { concat, fromBase64url, toBase64url } from './bytes.js';
import { box, unbox } from './box.js';
import { capsuleKey, checkCapsules, type Capsule } from './capsule.js';
import type { Point } from './curve.js';
import { pointOf, type Deal } from './deal.js';
import { batchHolds, evaluateBatch } from './equal-exponents.js';
import { coefficients } from './formula.js';
import { frame } from './frame.js';
import type { Suite } from './suite.js';

/** What an answer is bound to. */
export interface GrantContext {
  grant: string;
  deal: string;
  /** The reader's public key, base64url. */
  reader: string;
  purpose: string;
  expiresAt: number;
}

/**
 * A leaf holder's answer: s·E of every capsule and one proof, in a box to the reader. `kind` leaves room for the additive
 * keys of absent patients.
 */
export interface BoxedFragments {
  version: 1;
  kind: 'boxed';
  leaf: string;
  box: string;
}

/** Verified fragments of one leaf, in the order of the capsules. */
export interface Fragments {
  leaf: string;
  points: Point[];
}

const pointBytes = 33;

function contextOf(suite: Suite, { id, suite: name }: Deal, leaf: string, grant: GrantContext, capsules: readonly Capsule[]): Uint8Array {
  const list = suite.hash(frame('medshare/capsules/1', ...capsules.flatMap(({ section, E }) => [section, E])));
  const { grant: grantId, reader, purpose, expiresAt } = grant;
  return frame('medshare/fragments/1', name, id, leaf, grantId, reader, purpose, expiresAt, list);
}

function checkContext(given: Deal, grant: GrantContext, capsules: readonly Capsule[]): void {
  if (grant.deal !== given.id) throw new Error('fragments: the grant is for another deal');
  if (capsules.length === 0) throw new Error('fragments: no capsules');
}

/**
 * Makes a leaf's fragments. The caller has checked that the grant is complete; capsules are checked here.
 * @throws Error naming a capsule whose proof does not hold
 */
export function boxFragments(
  suite: Suite,
  given: Deal,
  leaf: string,
  share: Uint8Array,
  grant: GrantContext,
  capsules: readonly Capsule[],
): BoxedFragments {
  checkContext(given, grant, capsules);
  checkCapsules(suite, given, capsules);
  const { curve } = suite;
  const context = contextOf(suite, given, leaf, grant, capsules);
  const Es = capsules.map(({ E }) => pointOf(suite, E));
  const commitment = pointOf(suite, given.leaves[leaf] ?? '');
  const { Fs, proof } = evaluateBatch(suite, curve.decodeScalar(share), commitment, Es, context);
  // the proof goes into the box: z·E − h·F = T2 would help an observer towards F
  const body = concat(...[...Fs, proof.T1, proof.T2].map((P) => curve.encode(P)), curve.encodeScalar(proof.z));
  return { version: 1, kind: 'boxed', leaf, box: toBase64url(box(suite, fromBase64url(grant.reader), body, context)) };
}

/** Opens and verifies against the dealer's commitment. @throws Error naming the leaf */
export function unboxFragments(
  suite: Suite,
  given: Deal,
  readerPrivateKey: Uint8Array,
  grant: GrantContext,
  capsules: readonly Capsule[],
  { leaf, box: boxed, kind, version }: BoxedFragments,
): Fragments {
  checkContext(given, grant, capsules);
  if (kind !== 'boxed' || version !== 1) throw new Error(`fragments of ${leaf}: kind`);
  const commitment = given.leaves[leaf];
  if (commitment === undefined) throw new Error(`fragments of ${leaf}: not a leaf of the deal`);
  try {
    const { curve } = suite;
    const context = contextOf(suite, given, leaf, grant, capsules);
    const body = unbox(suite, readerPrivateKey, fromBase64url(boxed), context);
    if (body.length !== (capsules.length + 2) * pointBytes + 32) throw new Error('length');
    const at = (i: number) => curve.decode(body.subarray(i * pointBytes, (i + 1) * pointBytes));
    const points = capsules.map((_, i) => at(i));
    const proof = { T1: at(capsules.length), T2: at(capsules.length + 1), z: curve.decodeScalar(body.subarray(-32)) };
    const Es = capsules.map(({ E }) => pointOf(suite, E));
    if (!batchHolds(suite, { K: pointOf(suite, commitment), Es, Fs: points, context }, proof)) throw new Error('proof');
    return { leaf, points };
  } catch (cause) {
    throw new Error(`fragments of ${leaf}: do not verify`, { cause });
  }
}

/** The capsules' keys out of verified fragments of an authorized set: Lagrange down the tree. @throws Error */
export function openCapsules(
  suite: Suite,
  given: Deal,
  capsules: readonly Capsule[],
  fragments: readonly Fragments[],
): Uint8Array[] {
  const { curve } = suite;
  const byLeaf = new Map(fragments.map((one) => [one.leaf, one]));
  if (byLeaf.size !== fragments.length) throw new Error('open: a leaf answers twice');
  if (fragments.some(({ points }) => points.length !== capsules.length)) throw new Error('open: a capsule is missing');
  const terms = coefficients(given.formula, new Set(byLeaf.keys()));
  if (!terms) throw new Error('open: the formula is not met');
  return capsules.map((capsule, i) => {
    let shared = curve.zero;
    for (const [leaf, k] of terms) shared = shared.add(curve.small(k, byLeaf.get(leaf)!.points[i]!));
    return capsuleKey(suite, capsule, shared);
  });
}
