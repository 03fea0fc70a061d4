import { migrate, openDatabase, type Database } from '@medshare/database';
import { freshDatabase, seededRandom, type FreshDatabase } from '@medshare/testkit';
import {
  getPayload,
  PAYLOAD_CHUNK_BYTES,
  payloadMigrations,
  putPayload,
  putPayloads,
  removePayloadsBefore,
} from './index.js';

let fresh: FreshDatabase;
let db: Database;
const random = seededRandom('payloads');

beforeAll(async () => {
  fresh = await freshDatabase();
  await migrate(fresh.url, 'transit', [payloadMigrations]);
  // another role's schema: the store is reached from every role's transactions
  await migrate(fresh.url, 'vault', []);
  db = openDatabase({ url: fresh.url, schema: 'vault' });
}, 120_000);
afterAll(async () => {
  await db.close();
  await fresh.drop();
});

const collect = async (ref: string) => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of getPayload(db, ref)) chunks.push(chunk);
  return chunks;
};
async function* inPieces(content: Uint8Array, size: number) {
  for (let at = 0; at < content.length; at += size) yield await Promise.resolve(content.subarray(at, at + size));
}
const bytes = (n: number) =>
  Buffer.concat(Array.from({ length: Math.ceil(n / 65_536) }, () => random.bytes(65_536))).subarray(0, n);

describe('payloads', () => {
  it.each([0, 1, PAYLOAD_CHUNK_BYTES, PAYLOAD_CHUNK_BYTES + 1, 3_456_789])(
    'of %p bytes come back as they were',
    async (size) => {
      const content = bytes(size);
      const [whole, streamed] = await db.transaction(async (tx) => [
        await putPayload(tx, content),
        await putPayload(tx, inPieces(content, 77_777)),
      ]);
      for (const ref of [whole!, streamed!]) {
        const chunks = await collect(ref);
        expect(Buffer.concat(chunks).equals(content)).toBe(true);
        expect(chunks.every((chunk) => chunk.length <= PAYLOAD_CHUNK_BYTES)).toBe(true);
        expect(chunks).toHaveLength(Math.ceil(size / PAYLOAD_CHUNK_BYTES));
      }
    },
  );

  it('come back in their order when many are stored at once', async () => {
    const contents = [0, 10, PAYLOAD_CHUNK_BYTES + 5, 1].map(bytes);
    const refs = await db.transaction((tx) => putPayloads(tx, contents));
    for (const [i, ref] of refs.entries()) expect(Buffer.concat(await collect(ref)).equals(contents[i]!)).toBe(true);
    expect([refs.length, await db.transaction((tx) => putPayloads(tx, []))]).toEqual([4, []]);
  });

  it('are there exactly when their transaction commits', async () => {
    let ref = '';
    const undone = db.transaction(async (tx) => {
      ref = await putPayload(tx, bytes(10));
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    await expect(collect(ref)).rejects.toMatchObject({ code: 'blob.missing' });
    await expect(collect("x'; DROP")).rejects.toMatchObject({ code: 'blob.missing' });
  });

  it('go with all their chunks when they are old', async () => {
    const ref = await db.transaction((tx) => putPayload(tx, bytes(100)));
    expect(await removePayloadsBefore(db, Date.now() - 60_000)).toBe(0);
    expect(await removePayloadsBefore(db, Date.now() + 60_000)).toBeGreaterThan(0);
    await expect(collect(ref)).rejects.toMatchObject({ code: 'blob.missing' });
    expect((await db.query('SELECT 1 FROM transit.payload_chunk')).rowCount).toBe(0);
  });
});
