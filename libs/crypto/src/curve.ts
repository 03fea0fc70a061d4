import type { WeierstrassPoint } from '@noble/curves/abstract/weierstrass.js';
import { bytesToNumberBE } from '@noble/curves/utils.js';
import { concat } from './bytes.js';
import { frame, type FramePart } from './frame.js';

export type Point = WeierstrassPoint<bigint>;
export type PointClass = Point extends infer P ? { BASE: P; ZERO: P; fromAffine(p: { x: bigint; y: bigint }): P } : never;

/** How a backend multiplies; secret scalars go to `base` and `mul` only. */
export interface Multiplication {
  base(k: bigint): Point;
  mul(k: bigint, P: Point): Point;
  /** Public scalars. */
  publicMul(k: bigint, P: Point): Point;
  /** aP − bQ, public scalars. */
  difference(a: bigint, P: Point, b: bigint, Q: Point): Point;
  /** From how many terms on a sum is cheaper by Pippenger's method. */
  readonly pippengerFrom: number;
}

/** A prime-order curve (cofactor 1) with the operations that the protocols need. */
export interface Curve extends Multiplication {
  readonly order: bigint;
  readonly generator: Point;
  readonly zero: Point;
  mod(value: bigint): bigint;
  inverse(value: bigint): bigint;
  /** Uniform in 2…n−2. */
  randomScalar(): bigint;
  /** 33 bytes, compressed. */
  encode(P: Point): Uint8Array;
  /** Strict: 33 bytes, x < p, on the curve, not the identity. @throws Error */
  decode(bytes: Uint8Array): Point;
  encodeScalar(k: bigint): Uint8Array;
  /** 1 ≤ k < n. @throws Error */
  decodeScalar(bytes: Uint8Array): bigint;
  /** A scalar out of a framed, domain-separated list, bias below 2⁻¹²⁸. */
  hashToScalar(domain: string, ...parts: readonly FramePart[]): bigint;
  /** Small signed integer times a point; public. */
  small(k: bigint, P: Point): Point;
  /** Σ kᵢPᵢ for public scalars of at most `bits` bits. */
  sum(scalars: readonly bigint[], points: readonly Point[], bits?: number): Point;
}

interface PointStatics {
  BASE: Point;
  ZERO: Point;
  Fn: { ORDER: bigint; inv(value: bigint): bigint };
  fromBytes(bytes: Uint8Array): Point;
}

interface Primitives {
  hash(...parts: readonly Uint8Array[]): Uint8Array;
  randomBytes(length: number): Uint8Array;
}

export function makeCurve(points: PointStatics, multiplication: Multiplication, primitives: Primitives): Curve {
  const order = points.Fn.ORDER;
  const mod = (value: bigint): bigint => ((value % order) + order) % order;
  const wide = (message: Uint8Array): bigint =>
    bytesToNumberBE(concat(primitives.hash(Uint8Array.of(0), message), primitives.hash(Uint8Array.of(1), message)));
  const curve: Curve = {
    ...multiplication,
    order,
    generator: points.BASE,
    zero: points.ZERO,
    mod,
    inverse: (value) => points.Fn.inv(value),
    randomScalar() {
      for (;;) {
        const k = mod(bytesToNumberBE(primitives.randomBytes(48)));
        if (k > 1n && k < order - 1n) return k;
      }
    },
    encode: (P) => P.toBytes(true),
    decode(bytes) {
      if (bytes.length !== 33 || (bytes[0] !== 2 && bytes[0] !== 3)) throw new Error('not a compressed point');
      const P = points.fromBytes(bytes);
      P.assertValidity();
      if (P.is0()) throw new Error('the identity is not accepted');
      return P;
    },
    encodeScalar: (k) => scalarBytes(k),
    decodeScalar(bytes) {
      if (bytes.length !== 32) throw new Error('not a scalar');
      const k = bytesToNumberBE(bytes);
      if (k <= 0n || k >= order) throw new Error('scalar out of range');
      return k;
    },
    hashToScalar: (domain, ...parts) => mod(wide(frame(domain, ...parts))) || 1n,
    small: (k, P) => smallMultiple(k, P, points.ZERO),
    sum(scalars, given, bits = 256) {
      const terms = scalars.map((k, i) => [mod(k), given[i]!] as const).filter(([k]) => k !== 0n);
      if (terms.length > multiplication.pippengerFrom) return pippenger(terms, bits, points.ZERO);
      return terms.reduce((sum, [k, P]) => sum.add(multiplication.publicMul(k, P)), points.ZERO);
    },
  };
  return curve;
}

export function scalarBytes(k: bigint): Uint8Array {
  const out = new Uint8Array(32);
  for (let i = 31, rest = k; i >= 0; i -= 1, rest >>= 8n) out[i] = Number(rest & 255n);
  return out;
}

function smallMultiple(k: bigint, P: Point, zero: Point): Point {
  const digits = (k < 0n ? -k : k).toString(2);
  let result = zero;
  for (const digit of digits) {
    result = result.double();
    if (digit === '1') result = result.add(P);
  }
  return k < 0n ? result.negate() : result;
}

/** Bucket method (Pippenger) for public scalars; noble's own has no bound on the scalars' bits. */
function pippenger(terms: readonly (readonly [bigint, Point])[], bits: number, zero: Point): Point {
  const window = terms.length < 24 ? 4 : terms.length < 300 ? 6 : terms.length < 3000 ? 8 : 10;
  const mask = (1n << BigInt(window)) - 1n;
  let total = zero;
  for (let at = Math.ceil(bits / window) * window - window; at >= 0; at -= window) {
    for (let i = 0; i < window; i += 1) total = total.double();
    total = total.add(bucketSum(terms, BigInt(at), mask, zero));
  }
  return total;
}

function bucketSum(terms: readonly (readonly [bigint, Point])[], at: bigint, mask: bigint, zero: Point): Point {
  const buckets = new Array<Point | undefined>(Number(mask) + 1);
  for (const [k, P] of terms) {
    const digit = Number((k >> at) & mask);
    if (digit > 0) buckets[digit] = buckets[digit]?.add(P) ?? P;
  }
  let [running, sum] = [zero, zero];
  for (let digit = buckets.length - 1; digit > 0; digit -= 1) {
    const bucket = buckets[digit];
    if (bucket) running = running.add(bucket);
    sum = sum.add(running);
  }
  return sum;
}
