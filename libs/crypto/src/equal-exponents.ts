import { toBigInt, utf8 } from './bytes.js';
import type { Point } from './curve.js';
import { frame } from './frame.js';
import { deriveNonce } from './nonce.js';
import type { Suite } from './suite.js';

/** Non-interactive proof that one secret took every E to its F and G to its commitment (Chaum–Pedersen; batched as RFC 9497 section 2.2.1). */
export interface EqualExponents {
  /** Challenge and response, scalars */
  readonly c: bigint;
  readonly z: bigint;
}

interface Statement {
  /** k·G */
  readonly commitment: Point;
  readonly from: readonly Point[];
  /** k·E for each E of `from` */
  readonly to: readonly Point[];
  /** Everything the proof is bound to, framed */
  readonly context: Uint8Array;
}

/** Public weights of 128 bits, so that errors in single values cannot cancel out. */
function weights(suite: Suite, { commitment, from, to, context }: Statement): bigint[] {
  if (from.length === 1) return [1n];
  const { curve } = suite;
  const seed = suite.hash(
    frame('medshare/batch/1', suite.name, context, ...[commitment, ...from, ...to].map(curve.encode)),
  );
  return from.map((_, i) => toBigInt(suite.hash(frame('medshare/weight/1', seed, i)).subarray(0, 16)) | 1n);
}

function challenge({ curve, name }: Suite, statement: Statement, E: Point, F: Point, T1: Point, T2: Point): bigint {
  const points = curve.normalize([curve.generator, statement.commitment, E, F, T1, T2]).map(curve.encode);
  return curve.hashToScalar('medshare/dleq/1', name, statement.context, ...points);
}

const combine = ({ curve }: Suite, by: readonly bigint[], points: readonly Point[]): Point =>
  points.length === 1 ? points[0]! : curve.sum(by, points, 128);

/** Multiplies every point by the secret and proves it. @param secret 1 … n−1 */
export function multiplyProved(
  suite: Suite,
  secret: bigint,
  { commitment, from, context }: Omit<Statement, 'to'>,
): { to: Point[]; proof: EqualExponents } {
  const { curve } = suite;
  const to = curve.normalize(from.map((E) => curve.multiply(secret, E)));
  const statement = { commitment, from, to, context };
  const by = weights(suite, statement);
  const E = combine(suite, by, from);
  const F = from.length === 1 ? to[0]! : curve.multiply(secret, E);
  const transcript = [utf8('medshare/dleq/1'), context, ...curve.normalize([E, F]).map(curve.encode)];
  const t = deriveNonce(suite, curve.scalarBytes(secret), frame(...transcript));
  const c = challenge(suite, statement, E, F, curve.base(t), curve.multiply(t, E));
  return { to, proof: { c, z: curve.mod(t + c * secret) } };
}

/** @returns whether the proof holds; false for values out of range or of another number */
export function provesEqualExponents(suite: Suite, statement: Statement, { c, z }: EqualExponents): boolean {
  const { curve } = suite;
  const inRange = (k: bigint) => k > 0n && k < curve.order;
  const { commitment, from, to } = statement;
  if (from.length === 0 || to.length !== from.length || !inRange(c) || !inRange(z)) return false;
  const by = weights(suite, statement);
  const E = combine(suite, by, from);
  const F = combine(suite, by, to);
  if (E.is0() || F.is0()) return false;
  const T1 = curve.difference(z, curve.generator, c, commitment);
  const T2 = curve.difference(z, E, c, F);
  if (T1.is0() || T2.is0()) return false;
  return challenge(suite, statement, E, F, T1, T2) === c;
}
