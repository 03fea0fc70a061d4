import { seededRandom } from '@medshare/testkit';
import type { Blobs } from './blobs.port.js';
import { readCopies } from './read-copies.js';

/** What the suite needs of a driver. */
export interface BlobsUnderTest {
  readonly blobs: Blobs;
  /** changes the stored bytes of a blob behind the driver's back, of every copy: its last block, or any */
  tamper(cid: string, how: 'flip' | 'cut' | 'drop'): Promise<void>;
}

const random = seededRandom('blobs');
const bytes = (n: number) =>
  Buffer.concat(Array.from({ length: Math.ceil(n / 65_536) }, () => random.bytes(65_536))).subarray(0, n);
async function* pieces(content: Uint8Array, size: number) {
  for (let at = 0; at < content.length; at += size) yield await Promise.resolve(content.subarray(at, at + size));
}
const collect = async (content: AsyncIterable<Uint8Array>) => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
};

/** CIDs that kubo's own library (boxo v0.39.0) gives; the last is deeper than one level of links. */
export const kuboVectors: readonly [string, Uint8Array, string][] = [
  ['"hello world\\n"', Buffer.from('hello world\n'), 'bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4'],
  ['1 MiB of "a"', Buffer.alloc(1_048_576, 'a'), 'bafybeigak7tvm4bb2et73p52j33zy2v6hgy46nijsjflrqih4keafnvdra'],
  ['60 MB of "b"', Buffer.alloc(60_000_000, 'b'), 'bafybeidskpjhu4uhiy7cja22xbaf3noex6gbkdk2yy2iuxvtsvcgoqsqgq'],
];

/** What every blob store promises: kubo's addresses, exact bytes, nothing unverified. */
export const blobsContract = (name: string, setUp: () => Promise<BlobsUnderTest>) => {
  describe(`blobs in ${name}`, () => {
    let under: BlobsUnderTest;
    let blobs: Blobs;
    beforeAll(async () => {
      under = await setUp();
      blobs = under.blobs;
    }, 60_000);

    it.each(kuboVectors)(
      'gives %s the address that kubo gives',
      async (_, content, cid) => {
        expect(await blobs.put(content)).toEqual({ cid, size: content.length });
        expect((await collect(blobs.get(cid))).equals(content)).toBe(true);
        await blobs.remove(cid);
      },
      60_000,
    );

    it.each([0, 1, 262_144, 262_145, 3_000_001])('keeps %p bytes as they are, however they come', async (size) => {
      const content = bytes(size);
      const whole = await blobs.put(content);
      expect(await blobs.put(pieces(content, 99_991))).toEqual(whole);
      expect((await collect(blobs.get(whole.cid))).equals(content)).toBe(true);
      expect(await blobs.has(whole.cid)).toBe(true);
    });

    it('takes the same bytes from many at once', async () => {
      const content = bytes(300_000);
      const stored = await Promise.all(Array.from({ length: 8 }, () => blobs.put(content)));
      expect(new Set(stored.map(({ cid }) => cid)).size).toBe(1);
      expect((await collect(blobs.get(stored[0]!.cid))).equals(content)).toBe(true);
    });

    it('lists what is there, and removes it', async () => {
      const [one, two] = [await blobs.put(bytes(1_000)), await blobs.put(bytes(600_000))];
      const list = async () => {
        const found: string[] = [];
        for await (const cid of blobs.list()) found.push(cid);
        return found;
      };
      expect(await list()).toEqual(expect.arrayContaining([one.cid, two.cid]));
      await blobs.remove(two.cid);
      await blobs.remove(two.cid);
      expect(await list()).not.toContain(two.cid);
      expect([await blobs.has(one.cid), await blobs.has(two.cid)]).toEqual([true, false]);
      expect(await readCopies(blobs, two.cid)).toEqual({ places: 0, whole: 0, content: undefined });
      await expect(collect(blobs.get(two.cid))).rejects.toMatchObject({ code: 'blob.missing', where: two.cid });
    });

    const countWhole = async (cid: string, wanted: Buffer | undefined) => {
      const { content, whole } = await readCopies(blobs, cid);
      expect(wanted ? content?.equals(wanted) : content === undefined).toBe(true);
      return whole;
    };

    it.each(['flip', 'cut', 'drop'] as const)(
      'names a blob whose stored bytes were tampered with (%s), and is mended by a put',
      async (how) => {
        for (const size of [4_096, 1_000_000]) {
          const content = bytes(size);
          const { cid } = await blobs.put(content);
          expect((await collect(blobs.get(cid))).equals(content)).toBe(true);
          const whole = await countWhole(cid, content);
          expect(whole).toBeGreaterThanOrEqual(blobs.wanted);
          await under.tamper(cid, how);
          expect(await countWhole(cid, undefined)).toBe(0);
          await expect(collect(blobs.get(cid))).rejects.toMatchObject({ code: 'blob.tampered', where: cid });
          await blobs.put(content);
          expect((await collect(blobs.get(cid))).equals(content)).toBe(true);
          expect(await countWhole(cid, content)).toBe(whole);
        }
      },
      120_000,
    );

    it.each([
      '',
      '../../etc/passwd',
      'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG',
      'bafkqaaa',
      `b${'a'.repeat(58)}`,
    ])('refuses %p for an address', async (cid) => {
      await expect(collect(blobs.get(cid))).rejects.toMatchObject({ code: 'request.invalid' });
      await expect(blobs.has(cid)).rejects.toMatchObject({ code: 'request.invalid' });
      await expect(blobs.copies(cid)).rejects.toMatchObject({ code: 'request.invalid' });
      await expect(blobs.remove(cid)).rejects.toMatchObject({ code: 'request.invalid' });
    });

    it('keeps nothing of a stream that fails', async () => {
      const content = bytes(900_000);
      async function* broken() {
        yield* pieces(content.subarray(0, 600_000), 50_000);
        throw new Error('the sender is gone');
      }
      await expect(blobs.put(broken())).rejects.toMatchObject({ code: 'storage.unavailable' });
      const { cid } = await blobs.put(content.subarray(0, 262_144));
      expect(await blobs.has(cid)).toBe(true);
    });
  });
};
