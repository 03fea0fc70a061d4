import type { Curve } from './curve.js';

export type SuiteName = 'sm' | 'intl';

/** Private 32 bytes (1 … n−1, big-endian), public 33 bytes (compressed point, SEC 1 section 2.3.3). */
export interface KeyPair {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** Authenticated encryption with a nonce given by the caller. */
export interface Cipher {
  /** Bytes of key: 32 (AES-256-GCM), or 48 (16 for SM4-CTR, then 32 for HMAC-SM3). */
  readonly keyLength: number;
  readonly nonceLength: number;
  /** Bytes that a ciphertext is longer than its plaintext. */
  readonly overhead: number;
  seal(key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** What `seal` gives of the pieces one after the other, in pieces: nothing long is copied. */
  sealPieces(key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, plaintext: readonly Uint8Array[]): Uint8Array[];
  /** @throws Error 'authentication failed' */
  open(key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, ciphertext: Uint8Array): Uint8Array;
  /** The nonce of a stream's chunk; never repeats under one key. */
  chunkNonce(index: number, last: boolean): Uint8Array;
}

/**
 * Everything the protocols need of a set of algorithms.
 * `sm`: SM2, SM3, SM4-CTR + HMAC-SM3 (GB/T 32905, 32907, 32918). `intl`: P-256, SHA-256, AES-256-GCM (FIPS 186-5, 180-4, SP 800-38D).
 */
export interface Suite {
  readonly name: SuiteName;
  readonly curve: Curve;
  readonly cipher: Cipher;
  /** 32 bytes over the parts one after the other. Frame them where their borders matter. */
  hash(...parts: Uint8Array[]): Uint8Array;
  /** RFC 2104, 32 bytes. */
  hmac(key: Uint8Array, ...parts: Uint8Array[]): Uint8Array;
  /** RFC 5869. @param length bytes, at most 8160 */
  hkdf(ikm: Uint8Array, info: Uint8Array, length: number, salt?: Uint8Array): Uint8Array;
  randomBytes(length: number): Uint8Array;
  generateKeyPair(): KeyPair;
  /** @throws Error if the private key is not 32 bytes in range */
  publicKeyOf(privateKey: Uint8Array): Uint8Array;
  /** @returns 64 bytes r‖s: SM2 with Z_A of ID 1234567812345678 (GB/T 32918.2), or ECDSA P-256 with SHA-256 (FIPS 186-5) */
  sign(privateKey: Uint8Array, message: Uint8Array): Uint8Array;
  /** @returns false for anything malformed */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** For something short: nonce (random), then ciphertext. @param key `cipher.keyLength` bytes */
  aeadSeal(key: Uint8Array, ad: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** @throws Error 'authentication failed' */
  aeadOpen(key: Uint8Array, ad: Uint8Array, sealed: Uint8Array): Uint8Array;
}

/** What a backend brings for one suite; `makeSuite` adds what is the same everywhere. */
export type Primitives = Pick<Suite, 'name' | 'curve' | 'cipher' | 'hash' | 'hmac' | 'randomBytes' | 'sign' | 'verify'>;

export const authenticationFailed = (): Error => new Error('authentication failed');
