import { concat } from './bytes.js';
import type { Point } from './curve.js';
import { frame } from './frame.js';
import type { Suite } from './suite.js';

/** One proof for a batch that every F is k·E with the k of K = kG (Chaum-Pedersen, batched as in RFC 9497, 2.2). */
export interface BatchProof {
  T1: Point;
  T2: Point;
  z: bigint;
}

interface Batch {
  K: Point;
  Es: readonly Point[];
  Fs: readonly Point[];
  /** What the proof is bound to. */
  context: Uint8Array;
}

/** 128-bit weights out of the whole transcript; 1 for a single pair. */
function weights({ curve, hash }: Suite, { K, Es, Fs, context }: Batch): bigint[] {
  if (Es.length === 1) return [1n];
  const points = [K, ...Es, ...Fs].map((P) => curve.encode(P));
  const seed = hash(frame('medshare/batch/1', context, ...points));
  return Es.map((_, i) => {
    const bytes = hash(frame('medshare/batch-weight/1', seed, i)).subarray(0, 16);
    return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n) | 1n;
  });
}

function challenge(suite: Suite, { K, context }: Batch, E: Point, F: Point, T1: Point, T2: Point): bigint {
  const { curve } = suite;
  const points = [curve.generator, K, E, F, T1, T2].map((P) => curve.encode(P));
  return curve.hashToScalar('medshare/equal-exponents/1', suite.name, context, ...points);
}

/** Nonces come from the secret, the transcript and fresh randomness: a cloned machine's generator alone gives nothing away. */
function nonce(suite: Suite, k: bigint, E: Point, context: Uint8Array): bigint {
  const { curve } = suite;
  const secret = concat(curve.encodeScalar(k), suite.randomBytes(32));
  return curve.hashToScalar('medshare/nonce/1', secret, curve.encode(E), context);
}

export function evaluateBatch(
  suite: Suite,
  k: bigint,
  K: Point,
  Es: readonly Point[],
  context: Uint8Array,
): { Fs: Point[]; proof: BatchProof } {
  const { curve } = suite;
  const Fs = Es.map((E) => curve.mul(k, E));
  const w = weights(suite, { K, Es, Fs, context });
  const E = curve.sum(w, Es, 128);
  const F = Es.length === 1 ? Fs[0]! : curve.mul(k, E);
  const t = nonce(suite, k, E, context);
  const [T1, T2] = [curve.base(t), curve.mul(t, E)];
  const z = curve.mod(t + challenge(suite, { K, Es, Fs, context }, E, F, T1, T2) * k);
  return { Fs, proof: { T1, T2, z } };
}

export function batchHolds(suite: Suite, batch: Batch, { T1, T2, z }: BatchProof): boolean {
  const { curve } = suite;
  const { K, Es, Fs } = batch;
  if (Es.length === 0 || Fs.length !== Es.length) return false;
  const w = weights(suite, batch);
  const [E, F] = [curve.sum(w, Es, 128), curve.sum(w, Fs, 128)];
  const h = challenge(suite, batch, E, F, T1, T2);
  return curve.difference(z, curve.generator, h, K).equals(T1) && curve.difference(z, E, h, F).equals(T2);
}
