import { gcm } from '@noble/ciphers/aes.js';
import { p256 } from '@noble/curves/nist.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, equalBytes } from './bytes.js';
import { ctrHmacCipher, gcmCipher } from './ciphers.js';
import { makeCurve } from './curve.js';
import { makeSuite } from './make-suite.js';
import { nobleMultiplication } from './noble-multiplication.js';
import { deriveNonce } from './nonce.js';
import { p256Points } from './p256.js';
import { sm2Points, sm2Sign, sm2Verify } from './sm2.js';
import { sm3 } from './sm3.js';
import { sm4Ctr } from './sm4.js';
import type { Suite, SuiteName } from './suite.js';

const MAX_AT_ONCE = 65_536;

/** The platform's generator by WebCrypto, in pieces it accepts. */
export function webRandomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += MAX_AT_ONCE)
    globalThis.crypto.getRandomValues(bytes.subarray(at, at + MAX_AT_ONCE));
  return bytes;
}

/** RFC 2104 for a hash with blocks of 64 bytes. */
function sm3Hmac(key: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
  const padded = new Uint8Array(64);
  padded.set(key.length > 64 ? sm3(key) : key);
  const inner = sm3(
    padded.map((byte) => byte ^ 0x36),
    ...parts,
  );
  return sm3(
    padded.map((byte) => byte ^ 0x5c),
    inner,
  );
}

function intlSuite(): Suite {
  const hash = (...parts: Uint8Array[]): Uint8Array => sha256(parts.length === 1 ? parts[0]! : concat(...parts));
  const multiplication = nobleMultiplication(p256Points);
  const options = { prehash: true, lowS: false } as const;
  return makeSuite({
    name: 'intl',
    hash,
    hmac: (key, ...parts) => hmac(sha256, key, concat(...parts)),
    randomBytes: webRandomBytes,
    curve: makeCurve({ points: p256Points, multiplication, hash, randomBytes: webRandomBytes }),
    cipher: gcmCipher(
      (key, nonce, ad, data) => [gcm(key, nonce, ad).encrypt(concat(...data))],
      (key, nonce, ad, data) => gcm(key, nonce, ad).decrypt(data),
    ),
    sign: (privateKey, message) => p256.sign(message, privateKey, { ...options, extraEntropy: true }),
    verify: (publicKey, message, signature) => {
      try {
        return (
          publicKey.length === 33 && signature.length === 64 && p256.verify(signature, message, publicKey, options)
        );
      } catch {
        return false;
      }
    },
  });
}

function smSuite(): Suite {
  const multiplication = nobleMultiplication(sm2Points);
  const curve = makeCurve({ points: sm2Points, multiplication, hash: sm3, randomBytes: webRandomBytes });
  const context = { curve, sm3 };
  return makeSuite({
    name: 'sm',
    hash: sm3,
    hmac: sm3Hmac,
    randomBytes: webRandomBytes,
    curve,
    cipher: ctrHmacCipher((key, iv, data) => [sm4Ctr(key, iv, concat(...data))], sm3Hmac, equalBytes),
    sign: (privateKey, message) => {
      const nonces = () => deriveNonce({ curve, randomBytes: webRandomBytes }, privateKey, message);
      return sm2Sign(context, curve.scalarOf(privateKey), message, nonces);
    },
    verify: (publicKey, message, signature) => sm2Verify(context, publicKey, message, signature),
  });
}

const made: Partial<Record<SuiteName, Suite>> = {};

/** The suite's algorithms on @noble and JavaScript: runs in a browser. @throws RangeError on an unknown name */
export function suite(name: SuiteName): Suite {
  if (name !== 'sm' && name !== 'intl') throw new RangeError('no such suite');
  return (made[name] ??= name === 'sm' ? smSuite() : intlSuite());
}
