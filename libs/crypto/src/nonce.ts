import type { Curve } from './curve.js';

interface Source {
  readonly curve: Curve;
  readonly randomBytes: (length: number) => Uint8Array;
}

/**
 * The secret number of a proof or signature, out of the secret, everything it is for, and fresh randomness: neither a machine
 * cloned with its generator nor a broken generator repeats it for another transcript.
 */
export const deriveNonce = ({ curve, randomBytes }: Source, secret: Uint8Array, ...transcript: Uint8Array[]): bigint =>
  curve.hashToScalar('medshare/nonce/1', secret, randomBytes(32), ...transcript);
