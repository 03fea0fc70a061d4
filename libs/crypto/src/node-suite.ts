import { p256 } from '@noble/curves/nist.js';
import { bytesToNumberBE } from '@noble/curves/utils.js';
import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSign,
  createVerify,
  hkdfSync,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
  type KeyObject,
} from 'node:crypto';
import { concat, fromHex, uint64 } from './bytes.js';
import { makeCurve, scalarBytes, type Curve, type Multiplication, type Point } from './curve.js';
import { derToRaw, rawToDer } from './der.js';
import { Sm2Point, zA } from './sm2.js';
import type { Cipher, Suite, SuiteName } from './suite.js';
import { failed } from './cipher.js';

const hashOf =
  (algorithm: string) =>
  (...parts: readonly Uint8Array[]): Uint8Array => {
    const hash = createHash(algorithm);
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
const hmacOf =
  (algorithm: string) =>
  (key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array => {
    const hmac = createHmac(algorithm, key);
    for (const part of parts) hmac.update(part);
    return hmac.digest();
  };
const random = (length: number): Uint8Array => randomBytes(length);

/**
 * Full-point multiplication on P-256 out of two x-only ECDH calls and recovery of y (Okeya, Sakurai; CHES 2001):
 * OpenSSL does the secret part, an order of magnitude faster than JavaScript.
 */
function nativeP256(): Multiplication {
  const { Point } = p256;
  const { Fp, Fn } = Point;
  const { a, b } = Point.CURVE();
  const order = Fn.ORDER;
  const [first, second] = [createECDH('prime256v1'), createECDH('prime256v1')];
  let loaded = 0n;
  const base = (k: bigint): Point => {
    if (k <= 0n || k >= order) throw new Error('scalar out of range');
    first.setPrivateKey(scalarBytes(k));
    loaded = 0n;
    const raw = first.getPublicKey();
    return Point.fromAffine({ x: bytesToNumberBE(raw.subarray(1, 33)), y: bytesToNumberBE(raw.subarray(33)) });
  };
  const load = (k: bigint): void => {
    if (k === loaded) return;
    first.setPrivateKey(scalarBytes(k));
    second.setPrivateKey(scalarBytes(k + 1n));
    loaded = k;
  };
  const mul = (k: bigint, P: Point): Point => {
    if (k <= 0n || k >= order || P.is0()) throw new Error('scalar out of range');
    if (k === 1n) return P;
    if (k === order - 1n) return P.negate();
    load(k);
    const { x, y } = P.toAffine();
    const raw = concat(Uint8Array.of(4), scalarBytes(x), scalarBytes(y));
    const [x1, x3] = [bytesToNumberBE(first.computeSecret(raw)), bytesToNumberBE(second.computeSecret(raw))];
    const y1y1 = Fp.add(Fp.mul(Fp.add(Fp.sqr(x1), a), x1), b);
    const dx = Fp.sub(x1, x);
    const numerator = Fp.sub(Fp.add(y1y1, Fp.sqr(y)), Fp.mul(Fp.sqr(dx), Fp.add(Fp.add(x1, x), x3)));
    return Point.fromAffine({ x: x1, y: Fp.mul(numerator, Fp.inv(Fp.add(y, y))) });
  };
  return {
    base,
    mul,
    publicMul: mul,
    difference: (s, P, t, Q) => {
      const left = s === 0n ? Point.ZERO : P.equals(Point.BASE) ? base(s) : mul(s, P);
      return t === 0n ? left : left.subtract(mul(t, Q));
    },
    pippengerFrom: 24,
  };
}

/** SM2 points by @noble/curves: OpenSSL has no fast code for this curve. */
export const nobleMultiplication = (base: Point, order: bigint): Multiplication => ({
  base: (k) => base.multiply(k),
  mul: (k, P) => P.multiply(k),
  publicMul: (k, P) => P.multiplyUnsafe(k),
  difference: (a, P, b, Q) => P.multiplyUnsafe(a).add(Q.multiplyUnsafe(b === 0n ? 0n : order - b)),
  pippengerFrom: 4,
});

/** AES-256-GCM; nonce = 88-bit index, 8-bit last flag. */
const aesGcm: Cipher = {
  keyBytes: 32,
  tagBytes: 16,
  seal(key, index, last, ad, plaintext) {
    const cipher = createCipheriv('aes-256-gcm', key, gcmNonce(index, last)).setAAD(ad);
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  },
  open(key, index, last, ad, sealed) {
    if (sealed.length < 16) throw failed();
    const decipher = createDecipheriv('aes-256-gcm', key, gcmNonce(index, last), { authTagLength: 16 }).setAAD(ad);
    decipher.setAuthTag(sealed.subarray(-16));
    const plaintext = decipher.update(sealed.subarray(0, -16));
    try {
      decipher.final();
    } catch {
      throw failed();
    }
    return plaintext;
  },
};

export const gcmNonce = (index: number, last: boolean): Uint8Array =>
  concat(new Uint8Array(3), uint64(index), Uint8Array.of(last ? 1 : 0));

/** SM4-CTR with IV = 64-bit index and 64-bit zero counter, then HMAC-SM3 over index, last flag, associated data and ciphertext. */
const sm4Ctr: Cipher = {
  keyBytes: 48,
  tagBytes: 32,
  seal(key, index, last, ad, plaintext) {
    const cipher = createCipheriv('sm4-ctr', key.subarray(0, 16), concat(uint64(index), new Uint8Array(8)));
    const body = cipher.update(plaintext);
    return Buffer.concat([body, chunkMac(key, index, last, ad, body)]);
  },
  open(key, index, last, ad, sealed) {
    if (sealed.length < 32) throw failed();
    const [body, tag] = [sealed.subarray(0, -32), sealed.subarray(-32)];
    if (!timingSafeEqual(chunkMac(key, index, last, ad, body), tag)) throw failed();
    const decipher = createDecipheriv('sm4-ctr', key.subarray(0, 16), concat(uint64(index), new Uint8Array(8)));
    return decipher.update(body);
  },
};

const chunkMac = (key: Uint8Array, index: number, last: boolean, ad: Uint8Array, body: Uint8Array): Uint8Array =>
  hmacOf('sm3')(key.subarray(16), uint64(index), Uint8Array.of(last ? 1 : 0), uint64(ad.length), ad, body);

// ---- signatures: keys go through DER, because OpenSSL signs as SM2 only with imported keys

interface Encoding {
  spki: Uint8Array;
  pkcs8: Uint8Array;
}
const encodings: Record<SuiteName, Encoding> = {
  intl: {
    spki: fromHex('3059301306072a8648ce3d020106082a8648ce3d030107034200'),
    pkcs8: fromHex('308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420'),
  },
  sm: {
    spki: fromHex('3059301306072a8648ce3d020106082a811ccf5501822d034200'),
    pkcs8: fromHex('308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420'),
  },
};

interface VerifyingKey {
  key: KeyObject;
  z: Uint8Array;
}

/** Imported keys are kept: importing costs more than verifying. */
const maxCached = 1024;

function signatures(name: SuiteName, curve: Curve) {
  const { spki, pkcs8 } = encodings[name];
  const verifying = new Map<string, VerifyingKey>();
  const importPublic = (publicKey: Uint8Array): VerifyingKey => {
    const id = Buffer.from(publicKey).toString('latin1');
    const known = verifying.get(id);
    if (known) return known;
    const point = curve.decode(publicKey).toBytes(false);
    const key = createPublicKey({ key: Buffer.concat([spki, point]), format: 'der', type: 'spki' });
    const made = { key, z: zA(hashOf('sm3'), point.subarray(1)) };
    if (verifying.size >= maxCached) verifying.clear();
    verifying.set(id, made);
    return made;
  };
  const importPrivate = (privateKey: Uint8Array): { key: KeyObject; z: Uint8Array } => {
    const point = curve.base(curve.decodeScalar(privateKey)).toBytes(false);
    const der = Buffer.concat([pkcs8, privateKey, fromHex('a144034200'), point]);
    return { key: createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }), z: zA(hashOf('sm3'), point.subarray(1)) };
  };
  return name === 'sm'
    ? {
        sign(privateKey: Uint8Array, message: Uint8Array): Uint8Array {
          const { key, z } = importPrivate(privateKey);
          return derToRaw(createSign('sm3').update(z).update(message).sign(key));
        },
        check(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
          const { key, z } = importPublic(publicKey);
          return createVerify('sm3').update(z).update(message).verify(key, rawToDer(signature));
        },
      }
    : {
        sign(privateKey: Uint8Array, message: Uint8Array): Uint8Array {
          return sign('sha256', message, { key: importPrivate(privateKey).key, dsaEncoding: 'ieee-p1363' });
        },
        check(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
          return verify('sha256', message, { key: importPublic(publicKey).key, dsaEncoding: 'ieee-p1363' }, signature);
        },
      };
}

function makeSuite(name: SuiteName): Suite {
  const algorithm = name === 'sm' ? 'sm3' : 'sha256';
  const hash = hashOf(algorithm);
  const primitives = { hash, randomBytes: random };
  const curve =
    name === 'sm'
      ? makeCurve(Sm2Point, nobleMultiplication(Sm2Point.BASE, Sm2Point.Fn.ORDER), primitives)
      : makeCurve(p256.Point, nativeP256(), primitives);
  const { sign: signMessage, check } = signatures(name, curve);
  return {
    name,
    curve,
    cipher: name === 'sm' ? sm4Ctr : aesGcm,
    hash,
    hmac: hmacOf(algorithm),
    hkdf: (ikm, info, length, salt = new Uint8Array(0)) => new Uint8Array(hkdfSync(algorithm, ikm, salt, info, length)),
    randomBytes: random,
    generateKeyPair() {
      const k = curve.randomScalar();
      return { privateKey: scalarBytes(k), publicKey: curve.encode(curve.base(k)) };
    },
    publicKeyOf: (privateKey) => curve.encode(curve.base(curve.decodeScalar(privateKey))),
    sign: signMessage,
    verify(publicKey, message, signature) {
      try {
        return signature.length === 64 && check(publicKey, message, signature);
      } catch {
        return false;
      }
    },
  };
}

const suites: Record<SuiteName, Suite> = { sm: makeSuite('sm'), intl: makeSuite('intl') };

/** The named suite on node:crypto, with SM2's points by @noble/curves. */
export const suite = (name: SuiteName): Suite => suites[name];
