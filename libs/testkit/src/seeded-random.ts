import { createHash } from 'node:crypto';
import type { Random } from '@medshare/clock';

/** The same bytes for the same seed: SHA-256(seed, counter). For tests only. */
export const seededRandom = (seed: string | number): Random => {
  let counter = 0;
  const block = () => createHash('sha256').update(`${seed}/${counter++}`).digest();
  const bytes = (n: number): Uint8Array => {
    const blocks = Array.from({ length: Math.ceil(n / 32) }, block);
    return new Uint8Array(Buffer.concat(blocks).subarray(0, n));
  };
  const uuid = () => {
    const raw = bytes(16);
    raw[6] = (raw[6]! & 0x0f) | 0x40;
    raw[8] = (raw[8]! & 0x3f) | 0x80;
    return Buffer.from(raw)
      .toString('hex')
      .replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5');
  };
  return { bytes, uuid };
};
