import { p256 } from '@noble/curves/nist.js';
import type { Points } from './curve.js';

/** noble types this curve's coefficients as literals, which makes the class invariant. */
export const p256Points = p256.Point as unknown as Points;
