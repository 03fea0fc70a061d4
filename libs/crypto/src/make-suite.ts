import { concat } from './bytes.js';
import { authenticationFailed, type Primitives, type Suite } from './suite.js';

const ZERO_SALT = new Uint8Array(32);

/** Completes a backend's primitives: HKDF, key pairs, one-shot authenticated encryption. */
export function makeSuite(primitives: Primitives): Suite {
  const { cipher, curve, randomBytes } = primitives;
  const publicKeyOf = (privateKey: Uint8Array) => curve.encode(curve.base(curve.scalarOf(privateKey)));
  return {
    ...primitives,
    hkdf: (ikm, info, length, salt) => hkdf(primitives, ikm, info, length, salt),
    generateKeyPair: () => {
      const privateKey = curve.scalarBytes(curve.randomScalar());
      return { privateKey, publicKey: publicKeyOf(privateKey) };
    },
    publicKeyOf,
    aeadSeal: (key, ad, plaintext) => {
      const nonce = randomBytes(cipher.nonceLength);
      return concat(nonce, cipher.seal(key, nonce, ad, plaintext));
    },
    aeadOpen: (key, ad, sealed) => {
      if (sealed.length < cipher.nonceLength + cipher.overhead) throw authenticationFailed();
      return cipher.open(key, sealed.subarray(0, cipher.nonceLength), ad, sealed.subarray(cipher.nonceLength));
    },
  };
}

/** RFC 5869 over a suite's HMAC. */
function hkdf(
  { hmac }: Primitives,
  ikm: Uint8Array,
  info: Uint8Array,
  length: number,
  salt: Uint8Array = ZERO_SALT,
): Uint8Array {
  if (!Number.isInteger(length) || length < 1 || length > 255 * 32) throw new RangeError('HKDF gives 1 to 8160 bytes');
  const prk = hmac(salt, ikm);
  const blocks: Uint8Array[] = [];
  let last = new Uint8Array(0) as Uint8Array;
  for (let i = 1; blocks.length * 32 < length; i++) {
    last = hmac(prk, last, info, Uint8Array.of(i));
    blocks.push(last);
  }
  return concat(...blocks).subarray(0, length);
}
