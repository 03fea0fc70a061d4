import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js';
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concat, fromBase64url, toBase64url, uint32, utf8 } from './bytes.js';
import { frame } from './frame.js';
import type { Suite } from './suite.js';

/** Threshold OPRF of a region on ristretto255: group operations of RFC 9497 (OPRF mode), a DLEQ proof a share. */
const { Point } = ristretto255;
type Element = InstanceType<typeof Point>;
const order = Point.Fn.ORDER;
const mod = (value: bigint): bigint => ((value % order) + order) % order;
type RandomBytes = (length: number) => Uint8Array;

const wide = (bytes: Uint8Array): bigint => mod(bytesToNumberLE(bytes));
const randomScalar = (randomBytes: RandomBytes): bigint => wide(randomBytes(64)) || 1n;
const scalarBytes = (k: bigint): Uint8Array => numberToBytesLE(k, 32);
const encode = (P: Element): string => toBase64url(P.toBytes());

function decode(text: string): Element {
  const P = Point.fromBytes(fromBase64url(text));
  if (P.is0()) throw new Error('the identity is not accepted');
  return P;
}

function decodeScalar(bytes: Uint8Array): bigint {
  const k = bytesToNumberLE(bytes);
  if (bytes.length !== 32 || k <= 0n || k >= order) throw new Error('scalar out of range');
  return k;
}

const evaluatePolynomial = (coefficients: readonly bigint[], x: bigint): bigint =>
  coefficients.reduceRight((sum, coefficient) => mod(sum * x + coefficient), 0n);

/** One member's part in the joint generation (Pedersen's DKG with Feldman commitments): nobody ever holds the key. */
export interface Contribution {
  /** Commitments to the member's polynomial, constant term first. */
  commitments: string[];
  /** Share for each member, 32 bytes, in the members' order; secret, each for its member only. */
  shares: Uint8Array[];
}

export function contribute(randomBytes: RandomBytes, threshold: number, members: number): Contribution {
  if (threshold < 1 || threshold > members) throw new Error('threshold: 1 to the number of members');
  const polynomial = Array.from({ length: threshold }, () => randomScalar(randomBytes));
  return {
    commitments: polynomial.map((k) => encode(Point.BASE.multiply(k))),
    shares: Array.from({ length: members }, (_, i) => scalarBytes(evaluatePolynomial(polynomial, BigInt(i + 1)))),
  };
}

/** The region's commitments: the members' added up. */
export function combineCommitments(contributions: readonly (readonly string[])[]): string[] {
  const [first] = contributions;
  if (!first) throw new Error('no contributions');
  return first.map((_, i) => encode(contributions.map((one) => decode(one[i] ?? '')).reduce((a, b) => a.add(b))));
}

/**
 * Adds up the shares that a member received; each is checked against its dealer's commitments.
 * @param index the member's own, from 1
 * @throws Error naming the contribution that does not fit
 */
export function combineShares(index: number, received: readonly { commitments: readonly string[]; share: Uint8Array }[]): Uint8Array {
  const sum = received.reduce((total, { commitments, share }, dealer) => {
    const value = decodeScalar(share);
    if (!Point.BASE.multiply(value).equals(commitmentAt(commitments, index))) throw new Error(`contribution ${dealer + 1}: share`);
    return mod(total + value);
  }, 0n);
  return scalarBytes(sum);
}

/** Commitment to the share of a member, from the polynomial's. */
function commitmentAt(commitments: readonly string[], index: number): Element {
  const x = BigInt(index);
  return commitments.map(decode).reduceRight((sum, C) => sum.multiplyUnsafe(x).add(C), Point.ZERO);
}

export interface Blinded {
  /** Secret of the asker. */
  blind: Uint8Array;
  blinded: string;
}

const hashDomain = utf8('HashToGroup-OPRFV1-\u0000-ristretto255-SHA512');

/** RFC 9497, 3.3.1 Blind. */
export function blind(randomBytes: RandomBytes, input: Uint8Array): Blinded {
  const k = randomScalar(randomBytes);
  const element = ristretto255_hasher.hashToCurve(input, { DST: hashDomain }) as Element;
  if (element.is0()) throw new Error('the input has no group element');
  return { blind: scalarBytes(k), blinded: encode(element.multiply(k)) };
}

export interface Evaluation {
  /** From 1. */
  index: number;
  value: string;
  proof: { c: string; s: string };
}

const challenge = (...points: readonly Element[]): bigint =>
  wide(sha512(frame('medshare/oprf-dleq/1', ...points.map((P) => P.toBytes()))));

/** One member's share of the evaluation with its proof of equal exponents. @throws Error for what is no element */
export function evaluate(randomBytes: RandomBytes, index: number, share: Uint8Array, blinded: string): Evaluation {
  const k = decodeScalar(share);
  const B = decode(blinded);
  const [K, V] = [Point.BASE.multiply(k), B.multiply(k)];
  const t = wide(sha512(frame('medshare/oprf-nonce/1', share, B.toBytes(), randomBytes(32)))) || 1n;
  const c = challenge(K, B, V, Point.BASE.multiply(t), B.multiply(t));
  const s = mod(t - c * k);
  return { index, value: encode(V), proof: { c: toBase64url(scalarBytes(c)), s: toBase64url(scalarBytes(s)) } };
}

/** Whether the member answered with the share that the region's commitments say. */
export function verifyEvaluation(commitments: readonly string[], blinded: string, evaluation: Evaluation): boolean {
  try {
    const K = commitmentAt(commitments, evaluation.index);
    const [B, V] = [decode(blinded), decode(evaluation.value)];
    const c = decodeScalar(fromBase64url(evaluation.proof.c));
    const s = decodeScalar(fromBase64url(evaluation.proof.s));
    const T1 = Point.BASE.multiplyUnsafe(s).add(K.multiplyUnsafe(c));
    const T2 = B.multiplyUnsafe(s).add(V.multiplyUnsafe(c));
    return challenge(K, B, V, T1, T2) === c;
  } catch {
    return false;
  }
}

/** RFC 9497, 3.3.1 Finalize, over the combined shares; the first 32 bytes are the patient's index key. */
export function finalize(input: Uint8Array, secret: Uint8Array, evaluations: readonly Evaluation[], threshold: number): Uint8Array {
  const used = evaluations.slice(0, threshold);
  if (new Set(used.map(({ index }) => index)).size < threshold) throw new Error(`${threshold} different shares are needed`);
  const combined = used
    .map(({ index, value }) => decode(value).multiplyUnsafe(lagrange(index, used.map((one) => one.index))))
    .reduce((a, b) => a.add(b));
  const unblinded = combined.multiply(Point.Fn.inv(decodeScalar(secret))).toBytes();
  return finalHash(input, unblinded).subarray(0, 32);
}

const short = (value: number): Uint8Array => uint32(value).subarray(2);

const finalHash = (input: Uint8Array, element: Uint8Array): Uint8Array =>
  sha512(concat(short(input.length), input, short(element.length), element, utf8('Finalize')));

function lagrange(index: number, all: readonly number[]): bigint {
  let [numerator, denominator] = [1n, 1n];
  for (const other of all) {
    if (other === index) continue;
    numerator = mod(numerator * BigInt(other));
    denominator = mod(denominator * BigInt(other - index));
  }
  return mod(numerator * Point.Fn.inv(denominator)) || 1n;
}

/** The tag of a patient's `counter`-th record at an institution: HMAC under the index key, base64url. */
export const indexTag = (suite: Suite, indexKey: Uint8Array, region: string, institution: string, counter: number): string =>
  toBase64url(suite.hmac(indexKey, frame('medshare/tag/1', region, institution, counter)));

