import { concat } from './bytes.js';
import { failed } from './cipher.js';
import { frame } from './frame.js';
import type { Suite } from './suite.js';

const pointBytes = 33;

const boxKey = (suite: Suite, shared: Uint8Array, ephemeral: Uint8Array, recipient: Uint8Array, info: Uint8Array): Uint8Array =>
  suite.hkdf(shared, frame('medshare/box/1', suite.name, ephemeral, recipient, info), suite.cipher.keyBytes);

/** ECIES: a fresh ephemeral key, Diffie-Hellman with the recipient's, the suite's cipher. `info` binds the context. */
export function box(suite: Suite, recipient: Uint8Array, plaintext: Uint8Array, info: Uint8Array): Uint8Array {
  const { curve } = suite;
  const k = curve.randomScalar();
  const ephemeral = curve.encode(curve.base(k));
  const shared = curve.encode(curve.mul(k, curve.decode(recipient)));
  const key = boxKey(suite, shared, ephemeral, recipient, info);
  return concat(ephemeral, suite.cipher.seal(key, 0, true, info, plaintext));
}

/** @throws Error `authentication failed` */
export function unbox(suite: Suite, privateKey: Uint8Array, boxed: Uint8Array, info: Uint8Array): Uint8Array {
  const { curve } = suite;
  if (boxed.length < pointBytes + suite.cipher.tagBytes) throw failed();
  const ephemeral = boxed.subarray(0, pointBytes);
  const secret = curve.decodeScalar(privateKey);
  const shared = curve.encode(curve.mul(secret, decodeOrFail(suite, ephemeral)));
  const key = boxKey(suite, shared, ephemeral, curve.encode(curve.base(secret)), info);
  return suite.cipher.open(key, 0, true, info, boxed.subarray(pointBytes));
}

function decodeOrFail(suite: Suite, bytes: Uint8Array) {
  try {
    return suite.curve.decode(bytes);
  } catch {
    throw failed();
  }
}
