import type { Curve } from './curve.js';

export type SuiteName = 'sm' | 'intl';

export interface KeyPair {
  /** 32 bytes, big-endian scalar. Secret. */
  readonly privateKey: Uint8Array;
  /** 33 bytes, compressed point. */
  readonly publicKey: Uint8Array;
}

/** Ciphers of a suite; keys as HKDF gives them. */
export interface Cipher {
  /** Bytes of key material: encryption key, then MAC key where the suite has one. */
  readonly keyBytes: number;
  /** Bytes added to each chunk. */
  readonly tagBytes: number;
  /** `index` is the chunk's number, `last` whether it ends the stream. */
  seal(key: Uint8Array, index: number, last: boolean, ad: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** @throws Error `authentication failed` */
  open(key: Uint8Array, index: number, last: boolean, ad: Uint8Array, sealed: Uint8Array): Uint8Array;
}

/**
 * A named set of primitives. `sm`: SM2 (GB/T 32918), SM3 (GB/T 32905), SM4-CTR (GB/T 32907) with HMAC-SM3, encrypt-then-MAC.
 * `intl`: P-256 ECDSA (FIPS 186-5), SHA-256, AES-256-GCM (SP 800-38D).
 */
export interface Suite {
  readonly name: SuiteName;
  readonly curve: Curve;
  readonly cipher: Cipher;
  /** 32 bytes over the concatenation of the parts. */
  hash(...parts: readonly Uint8Array[]): Uint8Array;
  hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array;
  /** HKDF (RFC 5869) with the suite's hash. */
  hkdf(ikm: Uint8Array, info: Uint8Array, length: number, salt?: Uint8Array): Uint8Array;
  /** From the operating system. */
  randomBytes(length: number): Uint8Array;
  generateKeyPair(): KeyPair;
  /** @throws Error for a scalar outside 1…n−2 */
  publicKeyOf(privateKey: Uint8Array): Uint8Array;
  /** r‖s, 64 bytes. SM2 with Z_A and ID 1234567812345678. */
  sign(privateKey: Uint8Array, message: Uint8Array): Uint8Array;
  /** False for anything that is not a valid signature, malformed keys included. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}
