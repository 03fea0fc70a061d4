import fc from 'fast-check';
import { concat, toHex } from './bytes.js';
import { frame } from './frame.js';
import { suite } from './node-suites.js';
import { chunkBytes, openBytes, openStream, paddedSize, sealBytes, sealStream, type Sealing } from './stream.js';

const failed = 'authentication failed';
const HEADER = 8;
const CONTENT = chunkBytes - 4;

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

describe('size classes', () => {
  it('are at least 4096, at most 12 % longer, few, and their own class', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 45 }), (length) => {
        const size = paddedSize(length);
        expect(size).toBeGreaterThanOrEqual(Math.max(length, 4096));
        if (length > 4096) expect(size / length).toBeLessThan(1.12);
        expect(paddedSize(size)).toBe(size);
        expect(paddedSize(length + 1)).toBeGreaterThanOrEqual(size);
      }),
    );
    // Padmé: as many low bits are zero as the exponent has more than its own length
    expect([4096, 4097, 4353, 65_537, 1_000_000].map(paddedSize)).toEqual([4096, 4352, 4608, 67_584, 1_015_808]);
    const classes = new Set(Array.from({ length: 100_000 }, (_, length) => paddedSize(length)));
    expect(classes.size).toBeLessThan(100);
  });
});

describe.each(['intl', 'sm'] as const)('a stream sealed under %s', (name) => {
  const used = suite(name);
  const sealing: Sealing = { key: used.randomBytes(32), use: 'section', record: 'r-1', section: 's-1', epoch: 1 };
  const sealedChunk = chunkBytes + used.cipher.overhead;

  const lengths = [0, 1, 4095, 4096, 4097, 65_536, CONTENT - 1, CONTENT, CONTENT + 1, 2 * CONTENT, 2 * CONTENT + 5000];
  it.each(lengths)('of %i bytes opens to them, and its size says only its class', async (length) => {
    const bytes = used.randomBytes(length);
    const sealed = await sealBytes(used, sealing, bytes);
    expect(Buffer.compare(await openBytes(used, sealing, sealed), bytes)).toBe(0);
    const chunks = Math.ceil(paddedSize(length) / CONTENT);
    expect(sealed).toHaveLength(HEADER + paddedSize(length) + chunks * (4 + used.cipher.overhead));
  });

  it('opens whatever pieces it was sealed and is read in, from buffers that are used again', async () => {
    const bytes = used.randomBytes(1_500_000);
    async function* pieces(whole: Uint8Array, size: number) {
      const buffer = new Uint8Array(size);
      for (let at = 0; at < whole.length; at += size) {
        const part = whole.subarray(at, at + size);
        buffer.set(part);
        yield buffer.subarray(0, part.length);
      }
    }
    const expected = await sealBytes(used, sealing, bytes);
    for (const size of [1000, 65_536, 1_048_577]) {
      const sealed = concat(...(await collect(sealStream(used, sealing, pieces(bytes, size)))));
      expect(Buffer.compare(sealed, expected)).toBe(0);
      const opened = concat(...(await collect(openStream(used, sealing, pieces(sealed, size)))));
      expect(Buffer.compare(opened, bytes)).toBe(0);
    }
  });

  it('begins with its magic, version and suite, in whatever pieces that comes', async () => {
    const sealed = await sealBytes(used, sealing, Uint8Array.of(7));
    expect(toHex(sealed.subarray(0, HEADER))).toBe(`4d445348010${name === 'intl' ? 1 : 2}0000`);
    for (const size of [1, 3, HEADER, HEADER + 1]) {
      const pieces = Array.from({ length: Math.ceil(sealed.length / size) }, (_, at) =>
        sealed.subarray(at * size, (at + 1) * size),
      );
      expect(concat(...(await collect(openStream(used, sealing, pieces))))).toEqual(Uint8Array.of(7));
    }
  });

  it('holds one chunk: it asks for no more than a chunk beyond what it gave', async () => {
    let taken = 0;
    async function* endless() {
      for (;;) {
        taken += 65_536;
        yield new Uint8Array(65_536);
      }
    }
    let given = 0;
    for await (const part of sealStream(used, sealing, endless())) {
      given += part.length;
      expect(taken - given).toBeLessThanOrEqual(chunkBytes + 2 * 65_536);
      if (given > 5 * chunkBytes) break;
    }
  });

  describe('of three chunks', () => {
    const bytes = used.randomBytes(2 * CONTENT + 70_000);
    const sealed = sealBytes(used, sealing, bytes);
    const part = async (index: number) =>
      (await sealed).subarray(HEADER + index * sealedChunk, HEADER + (index + 1) * sealedChunk);
    const head = async () => (await sealed).subarray(0, HEADER);
    const refuse = async (wrong: Uint8Array, by: Sealing = sealing, under = used) =>
      expect(openBytes(under, by, wrong)).rejects.toThrow(failed);

    it('is refused under another key, use, record, section, epoch or suite', async () => {
      await expect(openBytes(used, { ...sealing }, await sealed)).resolves.toHaveLength(bytes.length);
      await refuse(await sealed, { ...sealing, key: used.randomBytes(32) });
      await refuse(await sealed, { ...sealing, use: 'transit' });
      await refuse(await sealed, { ...sealing, record: 'r-2' });
      await refuse(await sealed, { ...sealing, section: 's-2' });
      await refuse(await sealed, { ...sealing, epoch: 2 });
      await refuse(await sealed, { ...sealing, record: 'r-1s', section: '-1' });
      await refuse(await sealed, sealing, suite(name === 'sm' ? 'intl' : 'sm'));
    });

    it('is refused with another header, also the other suite’s', async () => {
      const other = await sealBytes(suite(name === 'sm' ? 'intl' : 'sm'), sealing, new Uint8Array(1));
      await refuse(concat(other.subarray(0, HEADER), (await sealed).subarray(HEADER)));
      for (let at = 0; at < HEADER; at++) {
        const changed = (await sealed).slice();
        changed[at]! ^= 1;
        await refuse(changed);
      }
    });

    it('is refused when cut anywhere, also between chunks', async () => {
      const whole = await sealed;
      const ends = [
        0,
        4,
        HEADER,
        HEADER + 1,
        HEADER + 40,
        HEADER + sealedChunk - 1,
        HEADER + sealedChunk,
        whole.length - 1,
      ];
      for (const end of [...ends, HEADER + 2 * sealedChunk, HEADER + 2 * sealedChunk + 20])
        await refuse(whole.subarray(0, end));
    });

    it('is refused when extended, repeated, reordered or without its beginning', async () => {
      const [h, a, b, c] = [await head(), await part(0), await part(1), await part(2)];
      await refuse(concat(await sealed, Uint8Array.of(0)));
      await refuse(concat(await sealed, c));
      await refuse(concat(h, b, a, c));
      await refuse(concat(h, a, a, c));
      await refuse(concat(h, a, c));
      await refuse(concat(h, b, c));
      await refuse(concat(h, c));
      await refuse(concat(h, a, b, c, c));
    });

    it('is refused when any part of it is changed', async () => {
      const whole = await sealed;
      for (const at of [HEADER, HEADER + 5000, HEADER + sealedChunk - 1, HEADER + sealedChunk, whole.length - 1]) {
        const changed = whole.slice();
        changed[at]! ^= 0x80;
        await refuse(changed);
      }
    });

    it('gives nothing of a chunk that does not authenticate', async () => {
      const changed = (await sealed).slice();
      changed[HEADER + sealedChunk]! ^= 1;
      const given: number[] = [];
      const read = async () => {
        for await (const one of openStream(used, sealing, [changed])) given.push(one.length);
      };
      await expect(read()).rejects.toThrow(failed);
      expect(given).toEqual([CONTENT]);
    });
  });

  it('is refused when its authentic chunks are padded otherwise than the format says', async () => {
    const { cipher } = used;
    const { key, use, record, section, epoch } = sealing;
    const derived = used.hkdf(key, frame('medshare/1', use, name, record, section, epoch), cipher.keyLength);
    const head = (await sealBytes(used, sealing, new Uint8Array(0))).subarray(0, HEADER);
    const about = frame('medshare/chunk/1', head, use, record, section, epoch);
    const chunk = (plaintext: Uint8Array, index = 0, last = true): Uint8Array =>
      cipher.seal(derived, cipher.chunkNonce(index, last), concat(about, frame(index, last ? 1 : 0)), plaintext);
    const filled = (length: number, size: number, padding = 0): Uint8Array => {
      const plaintext = new Uint8Array(4 + size).fill(padding, 4 + length);
      new DataView(plaintext.buffer).setUint32(0, length);
      return plaintext;
    };
    const made = (length: number, size: number, padding: number) => concat(head, chunk(filled(length, size, padding)));
    expect(await openBytes(used, sealing, made(10, 4096, 0))).toEqual(new Uint8Array(10));
    for (const wrong of [made(10, 4096, 1), made(10, 10, 0), made(10, 8192, 0), made(4097, 4096, 0), made(0, 0, 0)])
      await expect(openBytes(used, sealing, wrong)).rejects.toThrow(failed);
    await expect(openBytes(used, sealing, concat(head, chunk(new Uint8Array(3))))).rejects.toThrow(failed);
    // content behind a chunk that was not full
    const size = paddedSize(CONTENT + 20_000) - CONTENT;
    const two = (first: number, second: number) =>
      concat(head, chunk(filled(first, CONTENT), 0, false), chunk(filled(second, size), 1));
    expect(await openBytes(used, sealing, two(CONTENT, size - 1000))).toHaveLength(CONTENT + size - 1000);
    await expect(openBytes(used, sealing, two(CONTENT - 1000, size))).rejects.toThrow(failed);
  });

  it('has a key of 32 bytes', async () => {
    await expect(sealBytes(used, { ...sealing, key: new Uint8Array(31) }, new Uint8Array(1))).rejects.toThrow(
      RangeError,
    );
  });

  it('never uses a nonce twice under one key', () => {
    const nonces = Array.from({ length: 300 }, (_, i) => toHex(used.cipher.chunkNonce(i, false)));
    const far = [2 ** 32 - 2, 2 ** 31].map((i) => toHex(used.cipher.chunkNonce(i, false)));
    expect(new Set([...nonces, ...far]).size).toBe(302);
    const expected = name === 'intl' ? '000000000000000000010201' : '00000000000001020000000000000000';
    expect(toHex(used.cipher.chunkNonce(0x102, true))).toBe(expected);
  });
});
