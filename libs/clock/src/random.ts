import { randomBytes, randomUUID } from 'node:crypto';

/** Where randomness comes from; injected, so that a test can repeat a run. */
export interface Random {
  /** @returns n unpredictable bytes, n from 0 to 65536 */
  bytes(n: number): Uint8Array;
  /** @returns a version 4 UUID, RFC 9562 section 5.4 */
  uuid(): string;
}

const MAX_BYTES = 65_536;

/** The operating system's generator through node:crypto. */
export const systemRandom: Random = {
  bytes: (n) => {
    if (!Number.isInteger(n) || n < 0 || n > MAX_BYTES)
      throw new RangeError(`0 to ${MAX_BYTES} random bytes, not ${n}`);
    return new Uint8Array(randomBytes(n));
  },
  uuid: () => randomUUID(),
};
