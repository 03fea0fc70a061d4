import { normalizeZ } from '@noble/curves/abstract/curve.js';
import type { WeierstrassPoint, WeierstrassPointCons } from '@noble/curves/abstract/weierstrass.js';
import { concat, fromBigInt, toBigInt } from './bytes.js';
import { frame, type FramePart } from './frame.js';

/** A point of the suite's curve. Both curves have a prime order, so a point on the curve is in the group. */
export type Point = WeierstrassPoint<bigint>;

/** What is used of a curve's points; noble's own types for P-256 say less than its parameters. */
export type Points = WeierstrassPointCons<bigint>;

/** Multiplications: what differs between backends. Scalars are 1 … n−1. */
export interface Multiplication {
  /** k·G, for secret k */
  base(k: bigint): Point;
  /** k·P, for secret k */
  multiply(k: bigint, point: Point): Point;
  /** k·P; k is public */
  multiplyPublic(k: bigint, point: Point): Point;
  /** a·P − b·Q; all public, a and b from 0 */
  difference(a: bigint, p: Point, b: bigint, q: Point): Point;
  /** The x-coordinate of k·P, 32 bytes, for secret k */
  sharedX(k: bigint, point: Point): Uint8Array;
  /** A compressed point, 33 bytes, of which only length and first byte were checked. @throws Error unless x < p is on the curve */
  decompress(bytes: Uint8Array): Point;
  /** From how many terms on Pippenger's method beats single multiplications. */
  readonly pippengerFrom: number;
}

/** Arithmetic of a suite's group. */
export interface Curve extends Multiplication {
  /** n, a prime */
  readonly order: bigint;
  readonly generator: Point;
  readonly zero: Point;
  mod(k: bigint): bigint;
  /** 33 bytes, compressed */
  encode(point: Point): Uint8Array;
  /** The same points in affine form, for the price of one inversion: for what is encoded or multiplied next. */
  normalize(points: readonly Point[]): Point[];
  /** Strict: 33 bytes, compressed, x < p, on the curve; so never the identity. @throws Error 'not a point' */
  decode(bytes: Uint8Array): Point;
  /** A secret of 32 bytes as a number 1 … n−1. @throws Error 'not a scalar' */
  scalarOf(bytes: Uint8Array): bigint;
  scalarBytes(k: bigint): Uint8Array;
  /** 2 … n−2, without bias */
  randomScalar(): bigint;
  /** A number 1 … n−1 out of framed parts; the first names the purpose. */
  hashToScalar(...parts: readonly FramePart[]): bigint;
  /** k·P for a small, signed, public k (Lagrange coefficients) */
  multiplySmall(k: bigint, point: Point): Point;
  /** Σ kᵢ·Pᵢ, all public. @param bits length of the longest scalar */
  sum(scalars: readonly bigint[], points: readonly Point[], bits?: number): Point;
}

interface Parts {
  readonly points: Points;
  readonly multiplication: Multiplication;
  readonly hash: (...parts: Uint8Array[]) => Uint8Array;
  readonly randomBytes: (length: number) => Uint8Array;
}

export function makeCurve({ points, multiplication, hash, randomBytes }: Parts): Curve {
  const order = points.Fn.ORDER;
  const mod = (k: bigint) => {
    const rest = k % order;
    return rest < 0n ? rest + order : rest;
  };
  const multiplySmall = (k: bigint, point: Point): Point => {
    let sum = points.ZERO;
    for (const bit of (k < 0n ? -k : k).toString(2)) {
      sum = sum.double();
      if (bit === '1') sum = sum.add(point);
    }
    return k < 0n ? sum.negate() : sum;
  };
  return {
    ...multiplication,
    order,
    generator: points.BASE,
    zero: points.ZERO,
    mod,
    multiplySmall,
    encode: (point) => point.toBytes(true),
    normalize: (all) => normalizeZ(points, [...all]),
    decode: (bytes) => decode(multiplication, bytes),
    scalarOf: (bytes) => {
      const k = bytes.length === 32 ? toBigInt(bytes) : 0n;
      if (k <= 0n || k >= order) throw new Error('not a scalar');
      return k;
    },
    scalarBytes: (k) => fromBigInt(k, 32),
    randomScalar: () => randomScalar(order, randomBytes),
    hashToScalar: (...parts) => {
      const bytes = frame(...parts);
      // 512 bits, so that the remainder is as good as uniform
      const wide = concat(hash(Uint8Array.of(0), bytes), hash(Uint8Array.of(1), bytes));
      return mod(toBigInt(wide)) || 1n;
    },
    sum: (scalars, terms, bits = 256) => {
      const used = scalars.flatMap((k, i) => (mod(k) === 0n ? [] : [[mod(k), terms[i]!] as const]));
      if (used.length > multiplication.pippengerFrom) return pippenger(points.ZERO, used, bits);
      return used.reduce((sum, [k, point]) => sum.add(multiplication.multiplyPublic(k, point)), points.ZERO);
    },
  };
}

function decode({ decompress }: Multiplication, bytes: Uint8Array): Point {
  if (bytes.length !== 33 || (bytes[0] !== 2 && bytes[0] !== 3)) throw new Error('not a point');
  try {
    const point = decompress(bytes);
    point.assertValidity();
    return point;
  } catch {
    throw new Error('not a point');
  }
}

function randomScalar(order: bigint, randomBytes: (length: number) => Uint8Array): bigint {
  for (;;) {
    const k = toBigInt(randomBytes(32));
    if (k > 1n && k < order - 1n) return k;
  }
}

/** Σ kᵢ·Pᵢ by buckets; variable time, for public scalars below 2^bits. */
function pippenger(zero: Point, terms: readonly (readonly [bigint, Point])[], bits: number): Point {
  const width = terms.length < 24 ? 4 : terms.length < 300 ? 6 : 8;
  const mask = (1n << BigInt(width)) - 1n;
  let sum = zero;
  for (let at = Math.ceil(bits / width) * width - width; at >= 0; at -= width) {
    for (let i = 0; i < width; i++) sum = sum.double();
    sum = sum.add(sumOfBuckets(zero, fillBuckets(terms, BigInt(at), mask, width)));
  }
  return sum;
}

function fillBuckets(terms: readonly (readonly [bigint, Point])[], at: bigint, mask: bigint, width: number) {
  const buckets = new Array<Point | undefined>(1 << width);
  for (const [k, point] of terms) {
    const digit = Number((k >> at) & mask);
    if (digit !== 0) buckets[digit] = buckets[digit]?.add(point) ?? point;
  }
  return buckets;
}

function sumOfBuckets(zero: Point, buckets: readonly (Point | undefined)[]): Point {
  let running = zero;
  let sum = zero;
  for (let digit = buckets.length - 1; digit > 0; digit--) {
    const bucket = buckets[digit];
    if (bucket) running = running.add(bucket);
    sum = sum.add(running);
  }
  return sum;
}
