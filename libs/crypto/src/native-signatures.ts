import { createPrivateKey, createPublicKey, createSign, createVerify, sign, verify, type KeyObject } from 'node:crypto';
import { concat, equalBytes, fromHex, toBase64url } from './bytes.js';
import type { Curve } from './curve.js';
import { fromDer, toDer } from './der-signature.js';
import { sm2Identity } from './sm2.js';
import type { Suite } from './suite.js';

type Signatures = Pick<Suite, 'sign' | 'verify'>;

/** SubjectPublicKeyInfo and PKCS#8 up to the key itself, for an uncompressed point (RFC 5480, RFC 5958, GB/T 35276). */
const DER = {
  p256: {
    spki: fromHex('3059301306072a8648ce3d020106082a8648ce3d030107034200'),
    pkcs8: fromHex('308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420'),
  },
  sm2: {
    spki: fromHex('3059301306072a8648ce3d020106082a811ccf5501822d034200'),
    pkcs8: fromHex('308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420'),
  },
} as const;
const PUBLIC = fromHex('a144034200');

interface PublicKey {
  readonly point: Uint8Array;
  readonly key: KeyObject;
}

const MAX_KEYS = 512;

/** Public keys that were imported before, the latest ones; importing costs more than verifying. */
class PublicKeys {
  private readonly known = new Map<string, PublicKey>();

  constructor(
    private readonly curve: Curve,
    private readonly prefix: Uint8Array,
  ) {}

  /** @throws Error if it is no point */
  get(bytes: Uint8Array): PublicKey {
    const name = toBase64url(bytes);
    const found = this.known.get(name) ?? this.import(bytes);
    this.known.delete(name);
    this.known.set(name, found);
    if (this.known.size > MAX_KEYS) this.known.delete(this.known.keys().next().value!);
    return found;
  }

  private import(bytes: Uint8Array): PublicKey {
    const point = this.curve.decode(bytes).toBytes(false);
    return {
      point,
      key: createPublicKey({ key: Buffer.from(concat(this.prefix, point)), format: 'der', type: 'spki' }),
    };
  }
}

interface PrivateKey extends PublicKey {
  /** What it was imported from: the same array may hold another key by now. */
  readonly bytes: Uint8Array;
}

/**
 * Private keys that were imported before, for as long as their owner keeps the array they came in; importing takes longer
 * than signing.
 */
class PrivateKeys {
  private readonly known = new WeakMap<Uint8Array, PrivateKey>();

  constructor(
    private readonly curve: Curve,
    private readonly prefix: Uint8Array,
  ) {}

  /** @throws Error if it is no scalar */
  get(bytes: Uint8Array): PrivateKey {
    const found = this.known.get(bytes);
    if (found && equalBytes(found.bytes, bytes)) return found;
    const made = this.import(bytes);
    this.known.set(bytes, made);
    return made;
  }

  private import(bytes: Uint8Array): PrivateKey {
    const point = this.curve.base(this.curve.scalarOf(bytes)).toBytes(false);
    const der = Buffer.from(concat(this.prefix, bytes, PUBLIC, point));
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    der.fill(0);
    return { point, key, bytes: bytes.slice() };
  }
}

const orFalse = (check: () => boolean): boolean => {
  try {
    return check();
  } catch {
    return false;
  }
};

/** ECDSA on P-256 with SHA-256, FIPS 186-5 section 6. */
export function ecdsaSignatures(curve: Curve): Signatures {
  const keys = new PublicKeys(curve, DER.p256.spki);
  const privateKeys = new PrivateKeys(curve, DER.p256.pkcs8);
  const encoding = { dsaEncoding: 'ieee-p1363' } as const;
  return {
    sign: (privateKey, message) => {
      const { key } = privateKeys.get(privateKey);
      return new Uint8Array(sign('sha256', message, { key, ...encoding }));
    },
    verify: (publicKey, message, signature) =>
      orFalse(
        () =>
          signature.length === 64 &&
          verify('sha256', message, { key: keys.get(publicKey).key, ...encoding }, signature),
      ),
  };
}

/**
 * SM2, GB/T 32918.2. OpenSSL makes SM2 signatures only with keys imported from PKCS#8 and SPKI, and adds no Z_A by itself
 * on this way: it is fed first. The encoding is always DER.
 */
export function sm2Signatures(curve: Curve, sm3: Suite['hash']): Signatures {
  const keys = new PublicKeys(curve, DER.sm2.spki);
  const privateKeys = new PrivateKeys(curve, DER.sm2.pkcs8);
  return {
    sign: (privateKey, message) => {
      const { key, point } = privateKeys.get(privateKey);
      return fromDer(createSign('sm3').update(sm2Identity(sm3, point)).update(message).sign(key));
    },
    verify: (publicKey, message, signature) =>
      orFalse(() => {
        if (signature.length !== 64) return false;
        const { key, point } = keys.get(publicKey);
        return createVerify('sm3').update(sm2Identity(sm3, point)).update(message).verify(key, toDer(signature));
      }),
  };
}
