import { createECDH, ECDH } from 'node:crypto';
import { concat, fromBigInt, toBigInt } from './bytes.js';
import type { Multiplication, Point, Points } from './curve.js';

const UNCOMPRESSED = Uint8Array.of(4);

/** k·G and decompression, which OpenSSL gives whole for every curve it knows. */
export function nativeEncoding(curveName: string, points: Points): Pick<Multiplication, 'base' | 'decompress'> {
  const order = points.Fn.ORDER;
  const ecdh = createECDH(curveName);
  const affine = (bytes: Uint8Array): Point =>
    points.fromAffine({ x: toBigInt(bytes.subarray(1, 33)), y: toBigInt(bytes.subarray(33)) });
  return {
    base: (k) => {
      if (k <= 0n || k >= order) throw new RangeError('a scalar is 1 to n-1');
      ecdh.setPrivateKey(fromBigInt(k, 32));
      return affine(ecdh.getPublicKey());
    },
    decompress: (bytes) => affine(ECDH.convertKey(bytes, curveName, undefined, undefined, 'uncompressed') as Buffer),
  };
}

/**
 * Full-point multiplication out of OpenSSL's ECDH, which gives x-coordinates only: x of k·P and of (k+1)·P, then y by
 * y₁ = (y₁² + y₂² − (x₁−x₂)²(x₁+x₂+x₃)) / 2y₂ for P = (x₂,y₂), k·P = (x₁,y₁), (k+1)·P = (x₃,·). The division is left to
 * projective coordinates. The scalar stays in OpenSSL; recovering y calculates with BigInt on points that depend on it, a leak that is left.
 */
export function nativeMultiplication(curveName: string, points: Points): Multiplication {
  const { Fp } = points;
  const order = points.Fn.ORDER;
  const { a, b } = points.CURVE();
  const { base, decompress } = nativeEncoding(curveName, points);
  const own = createECDH(curveName);
  const next = createECDH(curveName);
  let set = 0n;
  const check = (k: bigint) => {
    if (k <= 0n || k >= order) throw new RangeError('a scalar is 1 to n-1');
  };
  const use = (k: bigint) => {
    if (k === set) return;
    own.setPrivateKey(fromBigInt(k, 32));
    next.setPrivateKey(fromBigInt(k + 1n, 32));
    set = k;
  };
  const multiply = (k: bigint, point: Point): Point => {
    check(k);
    if (point.is0()) throw new RangeError('the identity is not multiplied');
    if (k === 1n) return point;
    if (k === order - 1n) return point.negate();
    use(k);
    const { x: x2, y: y2 } = point.toAffine();
    const raw = encode(x2, y2);
    const x1 = toBigInt(own.computeSecret(raw));
    const x3 = toBigInt(next.computeSecret(raw));
    const y1Squared = Fp.add(Fp.mul(Fp.add(Fp.sqr(x1), a), x1), b);
    const product = Fp.mul(Fp.sqr(Fp.sub(x1, x2)), Fp.add(Fp.add(x1, x2), x3));
    const divisor = Fp.add(y2, y2);
    const numerator = Fp.sub(Fp.add(y1Squared, Fp.sqr(y2)), product);
    return new points(Fp.mul(x1, divisor), numerator, divisor);
  };
  const times = (k: bigint, point: Point) => {
    if (k === 0n || point.is0()) return points.ZERO;
    return point === points.BASE ? base(k) : multiply(k, point);
  };
  return {
    base,
    multiply,
    multiplyPublic: times,
    difference: (k, p, l, q) => times(k, p).subtract(times(l, q)),
    sharedX: (k, point) => {
      check(k);
      set = 0n;
      own.setPrivateKey(fromBigInt(k, 32));
      const { x, y } = point.toAffine();
      return new Uint8Array(own.computeSecret(encode(x, y)));
    },
    decompress,
    pippengerFrom: 24,
  };
}

const encode = (x: bigint, y: bigint): Uint8Array => concat(UNCOMPRESSED, fromBigInt(x, 32), fromBigInt(y, 32));
