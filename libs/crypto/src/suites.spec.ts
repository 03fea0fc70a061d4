import { fromBase64url, fromHex, toBase64url, toHex, utf8 } from './bytes.js';
import { vectors } from './fixture/vectors.fixture.js';
import * as node from './index.js';
import { suite as nodeSuite } from './node-suites.js';
import * as portable from './portable.js';
import { sm2Identity, sm2Sign, sm2Verify } from './sm2.js';
import { sm3 } from './sm3.js';
import { encryptBlock, expandKey, sm4Ctr } from './sm4.js';

const names = ['intl', 'sm'] as const;
const backends = { node, portable };
const pairs = [
  ['node', 'portable'],
  ['portable', 'node'],
  ['node', 'node'],
  ['portable', 'portable'],
] as const;

describe('GB/T 32905 (SM3)', () => {
  it.each(vectors.sm3)('hashes $message', ({ message, digest }) => {
    for (const backend of [node, portable]) expect(toHex(backend.suite('sm').hash(utf8(message)))).toBe(digest);
  });

  it('agrees with the platform at every length around the block, in one part or many', () => {
    const bytes = nodeSuite('sm').randomBytes(300);
    for (let length = 0; length <= 300; length++) {
      const [message, cut] = [bytes.subarray(0, length), length >> 1];
      const expected = toHex(nodeSuite('sm').hash(message));
      expect(toHex(sm3(message))).toBe(expected);
      expect(toHex(sm3(message.subarray(0, cut), message.subarray(cut)))).toBe(expected);
    }
  });
});

describe('GB/T 32907 (SM4)', () => {
  const key = fromHex(vectors.sm4.key);
  const words = () => Int32Array.of(0x01234567, 0x89abcdef, 0xfedcba98 | 0, 0x76543210);
  const hex = (block: Int32Array) => Array.from(block, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');

  it('encrypts example A.1', () => {
    const block = words();
    encryptBlock(expandKey(key), block);
    expect(hex(block)).toBe(vectors.sm4.block);
  });

  it('encrypts example A.2, a million times', () => {
    const [keys, block] = [expandKey(key), words()];
    for (let i = 0; i < 1_000_000; i++) encryptBlock(keys, block);
    expect(hex(block)).toBe('595298c7c6fd271f0402f804c33d3f66');
  });

  it('counts through all 128 bits like the platform', () => {
    const iv = fromHex('00000000000000ffffffffffffffffff');
    const cipher = nodeSuite('sm').cipher;
    const data = nodeSuite('sm').randomBytes(1000);
    const long = new Uint8Array(48);
    long.set(key);
    const sealed = cipher.seal(long, iv, new Uint8Array(0), data);
    expect(toHex(sm4Ctr(key, iv, data))).toBe(toHex(sealed.subarray(0, data.length)));
  });
});

describe('GB/T 32918.5 (SM2)', () => {
  const { point, identity, signature } = vectors.sm2;
  const d = fromHex(vectors.sm2.privateKey);
  const k = BigInt(`0x${vectors.sm2.k}`);
  const message = utf8(vectors.sm2.message);
  const { curve } = nodeSuite('sm');

  it('gives the public key and Z_A', () => {
    expect(toHex(curve.base(curve.scalarOf(d)).toBytes(false))).toBe(point);
    expect(toHex(sm2Identity(sm3, fromHex(point)))).toBe(identity);
  });

  it('signs as the example and verifies it on both backends', () => {
    expect(toHex(sm2Sign({ curve, sm3 }, curve.scalarOf(d), message, () => k))).toBe(signature);
    for (const { suite } of [node, portable]) {
      const sm = suite('sm');
      expect(sm.verify(sm.publicKeyOf(d), message, fromHex(signature))).toBe(true);
      expect(sm.verify(sm.publicKeyOf(d), utf8('message digesu'), fromHex(signature))).toBe(false);
    }
  });

  it('refuses r, s and r + s out of range', () => {
    const publicKey = curve.encode(curve.decode(nodeSuite('sm').publicKeyOf(d)));
    const pad = (v: bigint) => v.toString(16).padStart(64, '0');
    const wrong = [
      `${pad(0n)}${pad(1n)}`,
      `${pad(1n)}${pad(0n)}`,
      `${pad(1n)}${pad(curve.order - 1n)}`,
      `${pad(curve.order)}${pad(1n)}`,
    ];
    for (const one of wrong) {
      expect(sm2Verify({ curve, sm3 }, publicKey, message, fromHex(one))).toBe(false);
      expect(nodeSuite('sm').verify(publicKey, message, fromHex(one))).toBe(false);
    }
  });
});

describe('published vectors of the international suite', () => {
  const { sha256, hmac, hkdf, p256 } = vectors;
  it('hashes as FIPS 180-4, authenticates as RFC 4231 and derives as RFC 5869', () => {
    for (const { suite } of [node, portable]) {
      const intl = suite('intl');
      expect(toHex(intl.hash(utf8(sha256.message)))).toBe(sha256.digest);
      expect(toHex(intl.hmac(utf8(hmac.key), ...hmac.message.map(utf8)))).toBe(hmac.tag);
      const okm = intl.hkdf(fromHex(hkdf.ikm), fromHex(hkdf.info), 42, fromHex(hkdf.salt));
      expect(toHex(okm)).toBe(hkdf.okm);
    }
  });

  it('verifies the signature of RFC 6979 A.2.5 and derives its public key', () => {
    const d = fromHex(p256.privateKey);
    for (const { suite } of [node, portable]) {
      const intl = suite('intl');
      expect(toHex(intl.publicKeyOf(d))).toBe(p256.publicKey);
      expect(intl.verify(intl.publicKeyOf(d), utf8('sample'), fromHex(p256.signature))).toBe(true);
      expect(intl.verify(intl.publicKeyOf(d), utf8('sampla'), fromHex(p256.signature))).toBe(false);
    }
  });
});

describe.each(names)('suite %s on two backends', (name) => {
  const [native, pure] = [node.suite(name), portable.suite(name)];

  it('hashes, authenticates and derives alike', () => {
    for (const length of [0, 1, 55, 56, 63, 64, 65, 1000]) {
      const [key, message] = [native.randomBytes(length), native.randomBytes(length)];
      expect(toHex(pure.hash(message, key))).toBe(toHex(native.hash(message, key)));
      expect(toHex(pure.hmac(key, message, key))).toBe(toHex(native.hmac(key, message, key)));
      expect(toHex(pure.hkdf(message, key, 77))).toBe(toHex(native.hkdf(message, key, 77)));
    }
  });

  it('multiplies alike, at the borders too', () => {
    const { order, generator } = native.curve;
    for (const k of [1n, 2n, 3n, order - 2n, order - 1n, native.curve.randomScalar(), native.curve.randomScalar()]) {
      const point = native.curve.base(native.curve.randomScalar());
      const hex = (one: typeof point) => toHex(native.curve.encode(one));
      expect(hex(pure.curve.base(k))).toBe(hex(native.curve.base(k)));
      expect(hex(pure.curve.multiply(k, point))).toBe(hex(native.curve.multiply(k, point)));
      expect(hex(pure.curve.multiplyPublic(k, point))).toBe(hex(native.curve.multiplyPublic(k, point)));
      expect(toHex(pure.curve.sharedX(k, point))).toBe(toHex(native.curve.sharedX(k, point)));
      const [a, b] = [pure, native].map(({ curve }) => curve.difference(k, generator, 7n, point));
      expect(a!.equals(b!)).toBe(true);
    }
    for (const k of [0n, order, -1n])
      for (const { curve } of [native, pure]) {
        expect(() => curve.base(k)).toThrow();
        expect(() => curve.multiply(k, generator)).toThrow();
      }
  });

  it('adds up many multiples alike', () => {
    for (const count of [0, 1, 3, 5, 30, 330]) {
      const points = Array.from({ length: count }, (_, i) => native.curve.base(BigInt(i + 2)));
      const scalars = points.map(() => native.curve.randomScalar());
      const expected = native.curve.mod(scalars.reduce((sum, k, i) => sum + k * BigInt(i + 2), 0n));
      const sums = [native, pure].map(({ curve }) => curve.sum(scalars, points));
      for (const sum of sums) expect(count === 0 ? sum.is0() : sum.equals(native.curve.base(expected))).toBe(true);
    }
  });

  it.each(pairs)('seals, signs and boxes on %s, opens and verifies on %s', async (from, to) => {
    const [made, used] = [backends[from].suite(name), backends[to].suite(name)];
    const keys = made.generateKeyPair();
    const signature = made.sign(keys.privateKey, utf8('message'));
    expect(signature).toHaveLength(64);
    expect(used.verify(keys.publicKey, utf8('message'), signature)).toBe(true);
    expect(used.verify(keys.publicKey, utf8('massage'), signature)).toBe(false);
    const boxed = node.box(made, keys.publicKey, utf8('secret'), utf8('about'));
    expect(node.unbox(used, keys.privateKey, boxed, utf8('about'))).toEqual(utf8('secret'));
    const kek = made.randomBytes(32);
    expect(node.unwrapKey(used, kek, node.wrapKey(made, kek, keys.privateKey, utf8('ad')), utf8('ad'))).toEqual(
      keys.privateKey,
    );
    const sealing = { key: kek, use: 'section', record: 'r', section: 's', epoch: 3 };
    const bytes = made.randomBytes(10_000);
    expect(toHex(await node.openBytes(used, sealing, await node.sealBytes(made, sealing, bytes)))).toBe(toHex(bytes));
  });

  it('seals streams to the same bytes', async () => {
    const sealing = { key: native.randomBytes(32), use: 'section', record: 'r', section: 's', epoch: 3 };
    const bytes = native.randomBytes(1_100_000);
    const [a, b] = await Promise.all([native, pure].map((one) => node.sealBytes(one, sealing, bytes)));
    expect(toHex(a!)).toBe(toHex(b!));
  });

  it('refuses malformed keys and signatures without throwing', () => {
    const keys = native.generateKeyPair();
    const signature = native.sign(keys.privateKey, utf8('m'));
    for (const one of [native, pure]) {
      const uncompressed = one.curve.decode(keys.publicKey).toBytes(false);
      for (const key of [new Uint8Array(33), new Uint8Array(0), uncompressed, keys.publicKey.subarray(1)])
        expect(one.verify(key, utf8('m'), signature)).toBe(false);
      for (const wrong of [new Uint8Array(64), signature.subarray(1), new Uint8Array(0), new Uint8Array(64).fill(255)])
        expect(one.verify(keys.publicKey, utf8('m'), wrong)).toBe(false);
      for (const secret of [new Uint8Array(32), new Uint8Array(31).fill(1), new Uint8Array(32).fill(255)])
        expect(() => one.publicKeyOf(secret)).toThrow('not a scalar');
    }
  });

  it('decodes compressed points only', () => {
    const { curve } = native;
    const good = curve.encode(curve.base(5n));
    const full = curve.base(5n).toBytes(false);
    const hybrid = Uint8Array.of(6, ...full.subarray(1));
    const prefixed = (first: number, rest: Uint8Array) => Uint8Array.of(first, ...rest);
    const wrong = [
      new Uint8Array(1),
      new Uint8Array(33),
      full,
      hybrid,
      prefixed(5, good.subarray(1)),
      prefixed(2, new Uint8Array(32).fill(255)),
      Uint8Array.of(...good, 0),
      good.subarray(0, 32),
    ];
    for (const { curve: one } of [native, pure])
      for (const bytes of wrong) expect(() => one.decode(bytes)).toThrow('not a point');
  });

  it('refuses changed boxes, other recipients and other contexts', () => {
    const [keys, other] = [native.generateKeyPair(), native.generateKeyPair()];
    const boxed = node.box(native, keys.publicKey, utf8('secret'), utf8('about'));
    const failed = 'authentication failed';
    expect(() => node.unbox(native, other.privateKey, boxed, utf8('about'))).toThrow(failed);
    expect(() => node.unbox(native, keys.privateKey, boxed, utf8('above'))).toThrow(failed);
    for (const at of [0, 1, 32, 33, 45, boxed.length - 1]) {
      const changed = boxed.slice();
      changed[at]! ^= 1;
      expect(() => node.unbox(native, keys.privateKey, changed, utf8('about'))).toThrow(failed);
    }
    for (const length of [0, 10, 33, 40, boxed.length - 1])
      expect(() => node.unbox(native, keys.privateKey, boxed.subarray(0, length), utf8('about'))).toThrow(failed);
    expect(() => node.box(native, new Uint8Array(33), utf8('secret'), utf8('about'))).toThrow('not a point');
    const kek = native.randomBytes(32);
    const wrapped = node.wrapKey(native, kek, kek, utf8('ad'));
    expect(() => node.unwrapKey(native, kek, wrapped, utf8('da'))).toThrow(failed);
    expect(() => node.unwrapKey(native, native.randomBytes(32), wrapped, utf8('ad'))).toThrow(failed);
  });
});

it('has base64url keys that survive the round trip', () => {
  const { publicKey } = node.suite('intl').generateKeyPair();
  expect(fromBase64url(toBase64url(publicKey))).toEqual(publicKey);
});
