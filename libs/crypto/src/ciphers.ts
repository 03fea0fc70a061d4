import { concat, fromBigInt } from './bytes.js';
import { authenticationFailed, type Cipher, type Suite } from './suite.js';

const checkLengths = (cipher: Pick<Cipher, 'keyLength' | 'nonceLength'>, key: Uint8Array, nonce: Uint8Array): void => {
  if (key.length !== cipher.keyLength || nonce.length !== cipher.nonceLength)
    throw new RangeError(`the cipher takes ${cipher.keyLength} bytes of key and ${cipher.nonceLength} of nonce`);
};

type Gcm = (key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, data: Uint8Array) => Uint8Array;
/** The tag is at the end of the last piece. */
type GcmPieces = (key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, data: readonly Uint8Array[]) => Uint8Array[];

/** AES-256-GCM (SP 800-38D); a stream's nonce is the 88-bit index of the chunk, then one byte: 1 for the last. */
export function gcmCipher(sealPieces: GcmPieces, open: Gcm): Cipher {
  const sizes = { keyLength: 32, nonceLength: 12, overhead: 16 };
  const checked: GcmPieces = (key, nonce, ad, data) => {
    checkLengths(sizes, key, nonce);
    return sealPieces(key, nonce, ad, data);
  };
  return {
    ...sizes,
    seal: (key, nonce, ad, data) => concat(...checked(key, nonce, ad, [data])),
    sealPieces: checked,
    open: (key, nonce, ad, data) => {
      checkLengths(sizes, key, nonce);
      if (data.length < sizes.overhead) throw authenticationFailed();
      try {
        return open(key, nonce, ad, data);
      } catch {
        throw authenticationFailed();
      }
    },
    chunkNonce: (index, last) => concat(fromBigInt(BigInt(index), 11), Uint8Array.of(last ? 1 : 0)),
  };
}

/**
 * SM4-CTR, then HMAC-SM3 over length of ad (8 bytes) ‖ ad ‖ nonce ‖ ciphertext; checked before anything is decrypted.
 * `equal` compares tags of 32 bytes in constant time. Key: 16 bytes for SM4, 32 for the MAC. A stream's nonce is the 64-bit index of the chunk, then a 64-bit counter of blocks from 0.
 */
export function ctrHmacCipher(
  ctr: (key: Uint8Array, iv: Uint8Array, data: readonly Uint8Array[]) => Uint8Array[],
  hmac: Suite['hmac'],
  equal: (a: Uint8Array, b: Uint8Array) => boolean,
): Cipher {
  const sizes = { keyLength: 48, nonceLength: 16, overhead: 32 };
  const mac = (key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, ciphertext: readonly Uint8Array[]) =>
    hmac(key.subarray(16), fromBigInt(BigInt(ad.length), 8), ad, nonce, ...ciphertext);
  const sealPieces: Cipher['sealPieces'] = (key, nonce, ad, plaintext) => {
    checkLengths(sizes, key, nonce);
    const ciphertext = ctr(key.subarray(0, 16), nonce, plaintext);
    return [...ciphertext, mac(key, nonce, ad, ciphertext)];
  };
  return {
    ...sizes,
    seal: (key, nonce, ad, plaintext) => concat(...sealPieces(key, nonce, ad, [plaintext])),
    sealPieces,
    open: (key, nonce, ad, sealed) => {
      checkLengths(sizes, key, nonce);
      if (sealed.length < sizes.overhead) throw authenticationFailed();
      const ciphertext = sealed.subarray(0, sealed.length - sizes.overhead);
      if (!equal(mac(key, nonce, ad, [ciphertext]), sealed.subarray(ciphertext.length))) throw authenticationFailed();
      return concat(...ctr(key.subarray(0, 16), nonce, [ciphertext]));
    },
    chunkNonce: (index) => concat(fromBigInt(BigInt(index), 8), new Uint8Array(8)),
  };
}
