import { concat } from './bytes.js';
import { frame } from './frame.js';
import { authenticationFailed, type Suite } from './suite.js';

const POINT = 33;
const SALT = 16;

/**
 * Encrypts to a public key (ECIES): ephemeral point, 33 bytes, then nonce and ciphertext under a key derived from the
 * x-coordinate of the Diffie-Hellman point, both public keys and `info`.
 * @param info what the box is for; the same is needed to open it
 * @throws Error 'not a point' for a malformed recipient
 */
export function box(suite: Suite, recipient: Uint8Array, plaintext: Uint8Array, info: Uint8Array): Uint8Array {
  const { curve } = suite;
  const point = curve.decode(recipient);
  const secret = curve.randomScalar();
  const ephemeral = curve.encode(curve.base(secret));
  const key = boxKey(suite, curve.sharedX(secret, point), ephemeral, recipient, info);
  return concat(ephemeral, suite.aeadSeal(key, ephemeral, plaintext));
}

/** @throws Error 'authentication failed': another recipient, other info, or changed */
export function unbox(suite: Suite, privateKey: Uint8Array, boxed: Uint8Array, info: Uint8Array): Uint8Array {
  const { curve } = suite;
  const secret = curve.scalarOf(privateKey);
  if (boxed.length < POINT) throw authenticationFailed();
  const ephemeral = boxed.slice(0, POINT);
  const shared = openShared(suite, secret, ephemeral);
  const key = boxKey(suite, shared, ephemeral, suite.publicKeyOf(privateKey), info);
  return suite.aeadOpen(key, ephemeral, boxed.subarray(POINT));
}

function openShared({ curve }: Suite, secret: bigint, ephemeral: Uint8Array): Uint8Array {
  try {
    return curve.sharedX(secret, curve.decode(ephemeral));
  } catch {
    throw authenticationFailed();
  }
}

const boxKey = (suite: Suite, shared: Uint8Array, ephemeral: Uint8Array, recipient: Uint8Array, info: Uint8Array) =>
  suite.hkdf(shared, frame('medshare/box/1', suite.name, ephemeral, recipient, info), suite.cipher.keyLength);

/**
 * Encrypts a key under a key of 32 bytes. Each wrapping has a key of its own (16 bytes of salt), so that there is no
 * limit on how many one key can wrap.
 * @param ad what the key is for; the same is needed to unwrap it
 */
export function wrapKey(suite: Suite, kek: Uint8Array, key: Uint8Array, ad: Uint8Array): Uint8Array {
  const salt = suite.randomBytes(SALT);
  return concat(salt, suite.aeadSeal(wrappingKey(suite, kek, salt), ad, key));
}

/** @throws Error 'authentication failed' */
export const unwrapKey = (suite: Suite, kek: Uint8Array, wrapped: Uint8Array, ad: Uint8Array): Uint8Array =>
  suite.aeadOpen(wrappingKey(suite, kek, wrapped.subarray(0, SALT)), ad, wrapped.subarray(SALT));

function wrappingKey(suite: Suite, kek: Uint8Array, salt: Uint8Array): Uint8Array {
  if (kek.length !== 32) throw new RangeError('a key-encryption key has 32 bytes');
  return suite.hkdf(kek, frame('medshare/wrap/1', suite.name), suite.cipher.keyLength, salt);
}
