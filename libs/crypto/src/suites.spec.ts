import { fromBase64url, fromHex, toBase64url, toHex, utf8 } from './bytes.js';
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
  const vectors = [
    ['abc', '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0'],
    ['abcd'.repeat(16), 'debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732'],
  ] as const;
  it.each(vectors)('hashes %s', (text, digest) => {
    for (const backend of [node, portable]) expect(toHex(backend.suite('sm').hash(utf8(text)))).toBe(digest);
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
  const key = fromHex('0123456789abcdeffedcba9876543210');
  const words = () => Int32Array.of(0x01234567, 0x89abcdef, 0xfedcba98 | 0, 0x76543210);
  const hex = (block: Int32Array) => Array.from(block, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');

  it('encrypts example A.1', () => {
    const block = words();
    encryptBlock(expandKey(key), block);
    expect(hex(block)).toBe('681edf34d206965e86b3e94f536e4246');
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
  const d = fromHex('3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8');
  const k = 0x59276e27d506861a16680f3ad9c02dccef3cc1fa3cdbe4ce6d54b80deac1bc21n;
  const point =
    '0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13';
  const signature =
    'f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa';
  const message = utf8('message digest');
  const { curve } = nodeSuite('sm');

  it('gives the public key and Z_A', () => {
    expect(toHex(curve.base(curve.scalarOf(d)).toBytes(false))).toBe(point);
    expect(toHex(sm2Identity(sm3, fromHex(point)))).toBe(
      'b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3',
    );
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
  it('hashes as FIPS 180-4, authenticates as RFC 4231 and derives as RFC 5869', () => {
    for (const { suite } of [node, portable]) {
      const intl = suite('intl');
      expect(toHex(intl.hash(utf8('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
      expect(toHex(intl.hmac(utf8('Jefe'), utf8('what do ya want '), utf8('for nothing?')))).toBe(
        '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
      );
      const okm = intl.hkdf(
        fromHex('0b'.repeat(22)),
        fromHex('f0f1f2f3f4f5f6f7f8f9'),
        42,
        fromHex('000102030405060708090a0b0c'),
      );
      expect(toHex(okm)).toBe('3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865');
    }
  });

  it('verifies the signature of RFC 6979 A.2.5 and derives its public key', () => {
    const d = fromHex('c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721');
    const signature =
      'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8';
    for (const { suite } of [node, portable]) {
      const intl = suite('intl');
      expect(toHex(intl.publicKeyOf(d))).toBe('0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6');
      expect(intl.verify(intl.publicKeyOf(d), utf8('sample'), fromHex(signature))).toBe(true);
      expect(intl.verify(intl.publicKeyOf(d), utf8('sampla'), fromHex(signature))).toBe(false);
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
