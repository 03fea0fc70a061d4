import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  randomBytes as nodeRandomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { ctrHmacCipher, gcmCipher } from './ciphers.js';
import { makeCurve } from './curve.js';
import { makeSuite } from './make-suite.js';
import { nativeEncoding, nativeMultiplication } from './native-multiplication.js';
import { ecdsaSignatures, sm2Signatures } from './native-signatures.js';
import { nobleMultiplication } from './noble-multiplication.js';
import { p256Points } from './p256.js';
import { sm2Points } from './sm2.js';
import type { Suite, SuiteName } from './suite.js';

/** A view, so that no Buffer leaves this file (its slice() does not copy). */
const plain = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);

const randomBytes = (length: number): Uint8Array => plain(nodeRandomBytes(length));

const hashWith =
  (algorithm: string) =>
  (...parts: Uint8Array[]): Uint8Array => {
    const hash = createHash(algorithm);
    for (const part of parts) hash.update(part);
    return plain(hash.digest());
  };

const hmacWith =
  (algorithm: string) =>
  (key: Uint8Array, ...parts: Uint8Array[]): Uint8Array => {
    const hmac = createHmac(algorithm, key);
    for (const part of parts) hmac.update(part);
    return plain(hmac.digest());
  };

const TAG = 16;

function gcmSeal(key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, data: readonly Uint8Array[]): Uint8Array[] {
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(ad);
  const sealed = data.map((piece) => plain(cipher.update(piece)));
  cipher.final();
  return [...sealed, plain(cipher.getAuthTag())];
}

function gcmOpen(key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, data: Uint8Array): Uint8Array {
  const end = data.length - TAG;
  const cipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG }).setAAD(ad);
  cipher.setAuthTag(data.subarray(end));
  const opened = cipher.update(data.subarray(0, end));
  cipher.final();
  return plain(opened);
}

function sm4Ctr(key: Uint8Array, iv: Uint8Array, data: readonly Uint8Array[]): Uint8Array[] {
  const cipher = createCipheriv('sm4-ctr', key, iv);
  return data.map((piece) => plain(cipher.update(piece)));
}

function intlSuite(): Suite {
  const hash = hashWith('sha256');
  const multiplication = nativeMultiplication('prime256v1', p256Points);
  const curve = makeCurve({ points: p256Points, multiplication, hash, randomBytes });
  const cipher = gcmCipher(gcmSeal, gcmOpen);
  return makeSuite({
    name: 'intl',
    hash,
    hmac: hmacWith('sha256'),
    randomBytes,
    curve,
    cipher,
    ...ecdsaSignatures(curve),
  });
}

function smSuite(): Suite {
  const hash = hashWith('sm3');
  const hmac = hmacWith('sm3');
  // Node 24 refuses ECDH on SM2; the rest of OpenSSL's is there
  const multiplication = { ...nobleMultiplication(sm2Points), ...nativeEncoding('SM2', sm2Points) };
  const curve = makeCurve({ points: sm2Points, multiplication, hash, randomBytes });
  return makeSuite({
    name: 'sm',
    hash,
    hmac,
    randomBytes,
    curve,
    cipher: ctrHmacCipher(sm4Ctr, hmac, timingSafeEqual),
    ...sm2Signatures(curve, hash),
  });
}

const made: Partial<Record<SuiteName, Suite>> = {};

/** The suite's algorithms on node:crypto; SM2's points multiplied on @noble/curves. @throws RangeError on an unknown name */
export function suite(name: SuiteName): Suite {
  if (name !== 'sm' && name !== 'intl') throw new RangeError('no such suite');
  return (made[name] ??= name === 'sm' ? smSuite() : intlSuite());
}
