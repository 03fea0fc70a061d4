import { fromBigInt } from './bytes.js';
import type { Multiplication, Points } from './curve.js';

/** Multiplication in JavaScript; constant time in the algorithm only, as noble's README says. */
export const nobleMultiplication = (points: Points): Multiplication => ({
  base: (k) => points.BASE.multiply(k),
  multiply: (k, point) => point.multiply(k),
  multiplyPublic: (k, point) => point.multiplyUnsafe(k),
  difference: (a, p, b, q) => (b === 0n ? p.multiplyUnsafe(a) : p.mulAddUnsafe(a, q, points.Fn.ORDER - b)),
  sharedX: (k, point) => fromBigInt(point.multiply(k).toAffine().x, 32),
  decompress: (bytes) => points.fromBytes(bytes),
  pippengerFrom: 4,
});
