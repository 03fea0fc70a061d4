import fc from 'fast-check';
import { fromBigInt, fromBase64url, fromHex, toBase64url, toBigInt, toHex, utf8 } from './bytes.js';
import { canonical } from './canonical.js';
import { documentHash, signDocument, verifyDocument } from './document.js';
import { frame, unframe } from './frame.js';
import { suite } from './node-suites.js';

describe('base64url and hexadecimal', () => {
  it('are what the platform writes, and come back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
        expect(toBase64url(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
        expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
        expect(Buffer.compare(fromBase64url(toBase64url(bytes)), bytes)).toBe(0);
        expect(Buffer.compare(fromHex(toHex(bytes)), bytes)).toBe(0);
        if (bytes.length > 0) expect(fromBigInt(toBigInt(bytes), bytes.length)).toEqual(bytes);
      }),
    );
  });

  it.each(['A', 'AAAAA', 'AA==', 'AB', 'AAB', 'AA+A', 'AA/A', 'AA A', 'AAA\n', 'ÄAAA', '😀AA'])('refuse %j', (text) => {
    expect(() => fromBase64url(text)).toThrow('not base64url');
  });

  it.each(['0', '0g', ' 00', '0x00'])('refuse %j as hexadecimal', (text) => {
    expect(() => fromHex(text)).toThrow('not hexadecimal');
  });

  it('give each byte string one text', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_-]{0,12}$/), (text) => {
        let bytes: Uint8Array;
        try {
          bytes = fromBase64url(text);
        } catch {
          return;
        }
        expect(toBase64url(bytes)).toBe(text);
      }),
    );
  });

  it('refuse numbers that do not fit', () => {
    expect(() => fromBigInt(256n, 1)).toThrow(RangeError);
    expect(() => fromBigInt(-1n, 1)).toThrow(RangeError);
  });
});

describe('frame', () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 });

  it('gives its parts back, and different parts give different bytes', () => {
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        expect(unframe(frame(...a)).map(toHex)).toEqual(a.map(toHex));
        if (a.map(toHex).join() !== b.map(toHex).join() || a.length !== b.length)
          expect(toHex(frame(...a))).not.toBe(toHex(frame(...b)));
      }),
    );
  });

  it('refuses what is cut or too long', () => {
    const whole = frame('ab', 'c');
    for (let end = 1; end < whole.length; end++)
      if (end !== 6) expect(() => unframe(whole.subarray(0, end))).toThrow('not a frame');
    expect(() => unframe(Uint8Array.of(255, 255, 255, 255))).toThrow('not a frame');
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])('refuses the number %d', (number) => {
    expect(() => frame(number)).toThrow(RangeError);
  });
});

describe('canonical JSON (RFC 8785)', () => {
  it('writes the standard’s example of strings and the order of keys', () => {
    const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 };
    const keys = [...canonical(value).matchAll(/"((?:[^"\\]|\\.)*)":/g)].map(
      ([, key]) => JSON.parse(`"${key}"`) as string,
    );
    expect(keys).toEqual(['\r', '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33']);
    expect(canonical({ s: '\u20ac$\u000f\nA\'B"\\\\"/' })).toBe('{"s":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}');
    expect(canonical({ b: [1, true, null], a: { z: -5, y: '' } })).toBe('{"a":{"y":"","z":-5},"b":[1,true,null]}');
  });

  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.string({ unit: 'binary' }).filter((text) => !/\p{Surrogate}/u.test(text)),
      fc.maxSafeInteger().map((n) => n + 0),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
    ),
  })).value;

  it('is JSON of the same value, whatever the order of keys', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonical(value);
        expect(canonical(JSON.parse(text))).toBe(text);
        if (typeof value === 'object' && value !== null && !Array.isArray(value))
          expect(canonical(Object.fromEntries(Object.entries(value).reverse()))).toBe(text);
      }),
    );
  });

  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
  const wrong: [string, unknown][] = [
    ['a fraction', { a: [1.5] }],
    ['a number beyond the safe ones', 2 ** 53],
    ['NaN', Number.NaN],
    ['infinity', Infinity],
    ['minus zero', -0],
    ['undefined in a list', [undefined]],
    ['a hole', [, 1]],
    ['undefined', undefined],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate as key', { '\udc00': 1 }],
    ['a big integer', 1n],
    ['a function', () => 1],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['bytes', new Uint8Array(1)],
    ['33 levels', nested(33)],
  ];
  it.each(wrong)('refuses %s', (_, value) => {
    expect(() => canonical(value)).toThrow(TypeError);
  });

  it('leaves members out that are undefined, and says where it refuses', () => {
    expect(canonical({ b: undefined, a: 1, c: [{ d: undefined }] })).toBe('{"a":1,"c":[{}]}');
    expect(() => canonical({ a: [1, { b: 0.5 }] })).toThrow('no canonical JSON at /a/1/b: not a safe integer');
    const loop: unknown[] = [];
    loop.push(loop);
    expect(() => canonical(loop)).toThrow('deeper than 32');
  });

  it('takes 32 levels', () => {
    expect(canonical(nested(32))).toHaveLength(65);
  });
});

describe.each(['intl', 'sm'] as const)('documents under %s', (name) => {
  const used = suite(name);
  const keys = used.generateKeyPair();
  const signature = signDocument(used, keys.privateKey, 'receipt', 1, { a: 1, b: 'x' });

  it('verify, whatever the order of their members', () => {
    expect(verifyDocument(used, keys.publicKey, 'receipt', 1, { b: 'x', a: 1 }, signature)).toBe(true);
    expect(verifyDocument(used, toBase64url(keys.publicKey), 'receipt', 1, { b: 'x', a: 1 }, signature)).toBe(true);
  });

  it('do not verify as another type, version, value, key, or with a malformed signature', () => {
    const verify = (
      type = 'receipt',
      version = 1,
      value: unknown = { a: 1, b: 'x' },
      key = keys.publicKey,
      by = signature,
    ) => verifyDocument(used, key, type, version, value, by);
    expect(verify()).toBe(true);
    expect(verify('request')).toBe(false);
    expect(verify('receipt', 2)).toBe(false);
    expect(verify('receipt', 1, { a: 2, b: 'x' })).toBe(false);
    expect(verify('receipt', 1, { a: 1.5 })).toBe(false);
    expect(verify('receipt', 1, undefined, used.generateKeyPair().publicKey)).toBe(false);
    for (const wrong of ['', '!', `${signature}A`, signature.slice(2)])
      expect(verify('receipt', 1, { a: 1, b: 'x' }, keys.publicKey, wrong)).toBe(false);
    expect(verifyDocument(used, '!', 'receipt', 1, {}, signature)).toBe(false);
  });

  it('hash to something else than what is signed', () => {
    const hash = documentHash(used, 'receipt', 1, {});
    expect(fromBase64url(hash)).toHaveLength(32);
    expect(documentHash(used, 'receipt', 1, {})).toBe(hash);
    expect(documentHash(used, 'receipt', 2, {})).not.toBe(hash);
    expect(documentHash(used, 'receip', 1, {})).not.toBe(hash);
    expect(hash).not.toBe(toBase64url(used.hash(frame('medshare', 'receipt', 1, '{}'))));
  });
});

it('encodes text as UTF-8', () => {
  expect(toHex(utf8('é€'))).toBe('c3a9e282ac');
});
