import { weierstrass } from '@noble/curves/abstract/weierstrass.js';
import { concat, fromBigInt, toBigInt, utf8 } from './bytes.js';
import type { Curve, Points } from './curve.js';

/** The recommended curve, GB/T 32918.5 section 2. */
const parameters = {
  p: 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn,
  n: 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n,
  h: 1n,
  a: 0xfffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffcn,
  b: 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n,
  Gx: 0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n,
  Gy: 0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n,
};

export const sm2Points: Points = weierstrass(parameters);

type Hash = (...parts: Uint8Array[]) => Uint8Array;

const ID = utf8('1234567812345678');
const { a, b, Gx, Gy } = parameters;
const DOMAIN = concat(fromBigInt(BigInt(8 * ID.length), 2), ID, ...[a, b, Gx, Gy].map((v) => fromBigInt(v, 32)));

/**
 * Z_A of GB/T 32918.2 section 5.5 for the ID 1234567812345678.
 * @param publicKey 65 bytes, uncompressed
 */
export const sm2Identity = (sm3: Hash, publicKey: Uint8Array): Uint8Array => sm3(DOMAIN, publicKey.subarray(1));

interface Context {
  readonly curve: Curve;
  readonly sm3: Hash;
}

const digest = ({ sm3 }: Context, publicKey: Uint8Array, message: Uint8Array): bigint =>
  toBigInt(sm3(sm2Identity(sm3, publicKey), message));

/**
 * GB/T 32918.2 section 6.1.
 * @param nonces gives the k of each attempt, secret, 1 … n−1
 * @returns 64 bytes r‖s
 */
export function sm2Sign(context: Context, d: bigint, message: Uint8Array, nonces: () => bigint): Uint8Array {
  const { curve } = context;
  const e = digest(context, curve.base(d).toBytes(false), message);
  const inverse = sm2Points.Fn.inv(curve.mod(1n + d));
  for (;;) {
    const k = nonces();
    const r = curve.mod(e + curve.base(k).toAffine().x);
    const s = curve.mod(inverse * curve.mod(k - r * d));
    if (r !== 0n && r + k !== curve.order && s !== 0n) return concat(fromBigInt(r, 32), fromBigInt(s, 32));
  }
}

/** GB/T 32918.2 section 7.1. @returns false for anything malformed */
export function sm2Verify(
  context: Context,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const { curve } = context;
  if (signature.length !== 64) return false;
  const r = toBigInt(signature.subarray(0, 32));
  const s = toBigInt(signature.subarray(32));
  const inRange = (v: bigint) => v > 0n && v < curve.order;
  const t = curve.mod(r + s);
  if (!inRange(r) || !inRange(s) || t === 0n) return false;
  try {
    const point = curve.decode(publicKey);
    const sum = curve.difference(s, curve.generator, curve.order - t, point);
    return !sum.is0() && curve.mod(digest(context, point.toBytes(false), message) + sum.toAffine().x) === r;
  } catch {
    return false;
  }
}
