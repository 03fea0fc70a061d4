import { weierstrass } from '@noble/curves/abstract/weierstrass.js';
import { bytesToNumberBE } from '@noble/curves/utils.js';
import { concat, fromHex, utf8 } from './bytes.js';
import { scalarBytes, type Curve } from './curve.js';

/** The recommended curve of GB/T 32918.5. */
const parameters = {
  p: 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn,
  n: 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n,
  h: 1n,
  a: 0xfffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffcn,
  b: 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n,
  Gx: 0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n,
  Gy: 0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n,
};
export const Sm2Point = weierstrass(parameters);

const identity = utf8('1234567812345678');
const domain = concat(...[parameters.a, parameters.b, parameters.Gx, parameters.Gy].map(scalarBytes));
type Hash = (...parts: readonly Uint8Array[]) => Uint8Array;

/** Z_A of GB/T 32918.2, 5.5: the signer's identity and key, hashed before the message. `point`: 64 bytes x‖y. */
export const zA = (sm3: Hash, point: Uint8Array): Uint8Array =>
  sm3(fromHex('0080'), identity, domain, point);

/** GB/T 32918.2, 6.1; `k` for the standard's example only. */
export function sm2Sign(curve: Curve, sm3: Hash, d: bigint, message: Uint8Array, k?: bigint): Uint8Array {
  const e = digest(curve, sm3, curve.base(d).toBytes(false), message);
  for (;;) {
    const nonce = k ?? curve.randomScalar();
    const r = curve.mod(e + curve.base(nonce).toAffine().x);
    const s = curve.mod(curve.inverse(curve.mod(1n + d)) * curve.mod(nonce - r * d));
    if (r !== 0n && r + nonce !== curve.order && s !== 0n) return concat(scalarBytes(r), scalarBytes(s));
  }
}

/** GB/T 32918.2, 7.1. */
export function sm2Verify(curve: Curve, sm3: Hash, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const Q = curve.decode(publicKey);
  const [r, s] = [curve.decodeScalar(signature.subarray(0, 32)), curve.decodeScalar(signature.subarray(32))];
  const t = curve.mod(r + s);
  if (t === 0n) return false;
  const R = curve.sum([s, t], [curve.generator, Q]);
  if (R.is0()) return false;
  return curve.mod(digest(curve, sm3, Q.toBytes(false), message) + R.toAffine().x) === r;
}

const digest = (curve: Curve, sm3: Hash, uncompressed: Uint8Array, message: Uint8Array): bigint =>
  curve.mod(bytesToNumberBE(sm3(zA(sm3, uncompressed.subarray(1)), message)));
