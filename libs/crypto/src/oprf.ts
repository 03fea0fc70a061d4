import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js';
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concat, fromBase64url, fromBigInt, toBase64url, utf8 } from './bytes.js';
import { frame } from './frame.js';
import type { Suite } from './suite.js';

/**
 * Threshold OPRF of a region on ristretto255: group operations of RFC 9497 (ristretto255-SHA512, OPRF mode), shares of one key
 * that nobody knows, a proof of equal exponents for each share. Scalars are 32 bytes little-endian, elements 32 bytes; what
 * travels is base64url.
 */
const { Point } = ristretto255;
type Element = InstanceType<typeof Point>;
/** Of the operating system; injected, so that published vectors can be run. */
type RandomBytes = (length: number) => Uint8Array;
const order = Point.Fn.ORDER;
const mod = (value: bigint): bigint => ((value % order) + order) % order;

const MAX_MEMBERS = 64;
const scalarBytes = (k: bigint): Uint8Array => numberToBytesLE(k, 32);
const wide = (bytes: Uint8Array): bigint => mod(bytesToNumberLE(bytes)) || 1n;
const randomScalar = (randomBytes: RandomBytes): bigint => wide(randomBytes(64));
const encode = (element: Element): string => toBase64url(element.toBytes());

function decode(text: string): Element {
  const element = Point.fromBytes(fromBase64url(text));
  if (element.is0()) throw new Error('the identity is refused');
  return element;
}

function decodeScalar(bytes: Uint8Array): bigint {
  const k = bytes.length === 32 ? bytesToNumberLE(bytes) : 0n;
  if (k <= 0n || k >= order) throw new Error('not a scalar');
  return k;
}

const isIndex = (index: number): boolean => Number.isInteger(index) && index >= 1 && index <= MAX_MEMBERS;

// ---- joint generation of the key (Pedersen's, with Feldman's commitments)

/** One member's part. */
export interface Contribution {
  /** Commitments to the member's polynomial, constant term first; published. */
  readonly commitments: string[];
  /** A share for each member, in their order, 32 bytes; secret, each for its member only, erased after delivery. */
  readonly shares: Uint8Array[];
}

/** @param threshold shares that an evaluation needs. @throws RangeError unless 1 ≤ threshold ≤ members ≤ 64 */
export function contribute(randomBytes: RandomBytes, threshold: number, members: number): Contribution {
  if (!isIndex(threshold) || !isIndex(members) || threshold > members)
    throw new RangeError('1 to the number of members, at most 64');
  const polynomial = Array.from({ length: threshold }, () => randomScalar(randomBytes));
  const at = (x: bigint) => polynomial.reduceRight((sum, coefficient) => mod(sum * x + coefficient), 0n);
  return {
    commitments: polynomial.map((k) => encode(Point.BASE.multiply(k))),
    shares: Array.from({ length: members }, (_, i) => scalarBytes(at(BigInt(i + 1)))),
  };
}

/**
 * The region's commitments: the members' added up. The first is the public key of the region's OPRF key.
 * @throws Error unless all have as many
 */
export function combineCommitments(contributions: readonly (readonly string[])[]): string[] {
  const [first] = contributions;
  if (!first || contributions.some(({ length }) => length !== first.length)) throw new Error('contributions: length');
  const sum = (i: number) => contributions.map((one) => decode(one[i]!)).reduce((a, b) => a.add(b));
  return first.map((_, i) => encode(nonZero(sum(i))));
}

function nonZero(element: Element): Element {
  if (element.is0()) throw new Error('contributions: they cancel out');
  return element;
}

/**
 * A member's share of the key: the sum of what each member dealt it.
 * @param index the member's own, from 1
 * @throws Error naming the contribution (from 1) whose share is not the committed one
 */
export function combineShares(
  index: number,
  received: readonly { readonly commitments: readonly string[]; readonly share: Uint8Array }[],
): Uint8Array {
  const sum = received.reduce((total, { commitments, share }, dealer) => {
    const value = decodeScalar(share);
    if (!Point.BASE.multiply(value).equals(commitmentAt(commitments, index)))
      throw new Error(`contribution ${dealer + 1}: the share is not the committed one`);
    return mod(total + value);
  }, 0n);
  if (sum === 0n) throw new Error('the shares cancel out');
  return scalarBytes(sum);
}

/** The commitment to a member's share, out of the polynomial's. */
function commitmentAt(commitments: readonly string[], index: number): Element {
  if (!isIndex(index)) throw new RangeError('an index is 1 to 64');
  const x = BigInt(index);
  return commitments.map(decode).reduceRight((sum, C) => sum.multiplyUnsafe(x).add(C), Point.ZERO);
}

// ---- evaluation

const DST = utf8('HashToGroup-OPRFV1-\u0000-ristretto255-SHA512');

export interface Blinded {
  /** 32 bytes; the asker's secret */
  readonly blind: Uint8Array;
  readonly blinded: string;
}

/** Blind, RFC 9497 section 3.3.1. @param input at most 65,535 bytes */
export function blind(randomBytes: RandomBytes, input: Uint8Array): Blinded {
  if (input.length > 0xffff) throw new RangeError('an input has at most 65,535 bytes');
  const k = randomScalar(randomBytes);
  const element = ristretto255_hasher.hashToCurve(input, { DST });
  if (element.is0()) throw new Error('the input has no group element');
  return { blind: scalarBytes(k), blinded: encode(element.multiply(k)) };
}

/** The answer of the member `index` (from 1); the proof is that its share took `blinded` to `value`. */
export interface Evaluation {
  readonly index: number;
  readonly value: string;
  readonly proof: { readonly c: string; readonly s: string };
}

const challenge = (...elements: readonly Element[]): bigint =>
  wide(sha512(frame('medshare/oprf-dleq/1', ...elements.map((element) => element.toBytes()))));

/**
 * One member's share of the evaluation (BlindEvaluate, RFC 9497 section 3.3.1) with its proof.
 * @throws Error for what is no element or share
 */
export function evaluate(randomBytes: RandomBytes, index: number, share: Uint8Array, blinded: string): Evaluation {
  const k = decodeScalar(share);
  const B = decode(blinded);
  const [K, V] = [Point.BASE.multiply(k), B.multiply(k)];
  const t = wide(sha512(frame('medshare/oprf-nonce/1', share, B.toBytes(), randomBytes(32))));
  const c = challenge(K, B, V, Point.BASE.multiply(t), B.multiply(t));
  const s = mod(t - c * k);
  return { index, value: encode(V), proof: { c: toBase64url(scalarBytes(c)), s: toBase64url(scalarBytes(s)) } };
}

/** Whether a member answered with the share that the region's commitments say. @returns false for anything malformed */
export function verifyEvaluation(commitments: readonly string[], blinded: string, evaluation: Evaluation): boolean {
  try {
    const { c, s } = evaluation.proof;
    const [challenged, response] = [decodeScalar(fromBase64url(c)), decodeScalar(fromBase64url(s))];
    const K = commitmentAt(commitments, evaluation.index);
    const [B, V] = [decode(blinded), decode(evaluation.value)];
    const T1 = Point.BASE.multiplyUnsafe(response).add(K.multiplyUnsafe(challenged));
    const T2 = B.multiplyUnsafe(response).add(V.multiplyUnsafe(challenged));
    return challenge(K, B, V, T1, T2) === challenged;
  } catch {
    return false;
  }
}

/**
 * Finalize, RFC 9497 section 3.3.1, over combined shares.
 * @param evaluations verified ones of different members, at least `threshold`
 * @returns the patient's index key: the first 32 bytes of the RFC's output
 */
export function finalize(
  input: Uint8Array,
  blindedBy: Uint8Array,
  evaluations: readonly Pick<Evaluation, 'index' | 'value'>[],
  threshold: number,
): Uint8Array {
  const used = evaluations.slice(0, threshold);
  const indices = used.map(({ index }) => index);
  if (threshold < 1 || !indices.every(isIndex) || new Set(indices).size !== threshold)
    throw new Error(`${threshold} evaluations of different members are needed`);
  const combined = used
    .map(({ index, value }) => decode(value).multiplyUnsafe(lagrange(index, indices)))
    .reduce((a, b) => a.add(b));
  const element = combined.multiply(Point.Fn.inv(decodeScalar(blindedBy))).toBytes();
  const prefixed = (bytes: Uint8Array) => concat(fromBigInt(BigInt(bytes.length), 2), bytes);
  return sha512(concat(prefixed(input), prefixed(element), utf8('Finalize'))).subarray(0, 32);
}

/** λ with Σ λᵢ·f(i) = f(0) */
function lagrange(index: number, all: readonly number[]): bigint {
  let [numerator, denominator] = [1n, 1n];
  for (const other of all) {
    if (other === index) continue;
    numerator = mod(numerator * BigInt(other));
    denominator = mod(denominator * BigInt(other - index));
  }
  return mod(numerator * Point.Fn.inv(denominator));
}

/** The unlinkable tag of a patient's `counter`-th record at an institution: HMAC under the index key, base64url. */
export const indexTag = (
  suite: Suite,
  indexKey: Uint8Array,
  region: string,
  institution: string,
  counter: number,
): string => toBase64url(suite.hmac(indexKey, frame('medshare/tag/1', region, institution, counter)));
