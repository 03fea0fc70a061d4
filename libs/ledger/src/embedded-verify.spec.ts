import { Cast } from '@medshare/chaincode-region/cast.fixture';
import { openDatabase, type Database } from '@medshare/database';
import { eventually } from '@medshare/testkit';
import fc from 'fast-check';
import { EmbeddedNetwork, freshDatabases } from './embedded-network.fixture.js';
import type { ChainFinding, Ledger } from './ledger.port.js';

const cast = new Cast('intl', {}, Date.now());
const blocks = 5;
let network: EmbeddedNetwork;
let drop: () => Promise<void>;
let db: Database;
let ledger: Ledger;

beforeAll(async () => {
  const databases = await freshDatabases();
  drop = databases.drop;
  network = await new EmbeddedNetwork(cast, databases.urls).start();
  for (let i = 0; i < blocks; i++) {
    const anchors = [cast.anchor('same'), cast.anchor(`a${i}`), cast.anchor(`b${i}`)];
    await network.ledger('harbor').submit('anchor', { institution: 'harbor', anchors });
  }
  ledger = network.ledger('lakeside');
  await eventually(async () => (await ledger.height()).number === blocks);
  db = openDatabase({ url: databases.urls.lakeside, schema: 'chain' });
}, 60_000);
afterAll(async () => {
  await db.close();
  await network.stop();
  await drop();
});

async function findings(): Promise<ChainFinding[]> {
  const found: ChainFinding[] = [];
  for await (const one of ledger.verify()) found.push(one);
  return found;
}

/** Changes the copy behind the ledger's back, looks at what verification says, and puts it back. */
async function tampered(table: 'block' | 'state', statement: string, values: unknown[] = []): Promise<ChainFinding[]> {
  await db.query(`CREATE TABLE "kept" AS TABLE "${table}"`);
  try {
    expect((await db.query(statement, values)).rowCount).toBeGreaterThan(0);
    return await findings();
  } finally {
    await db.query(`DELETE FROM "${table}"`);
    await db.query(`INSERT INTO "${table}" SELECT * FROM "kept"`);
    await db.query('DROP TABLE "kept"');
  }
}

describe('verification of a copy', () => {
  it('finds nothing in a sound one', async () => {
    expect(await findings()).toEqual([]);
  });

  it('names the block of any flipped bit, and no other', async () => {
    const flip = fc.asyncProperty(
      fc.integer({ min: 1, max: blocks }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.nat(7),
      async (number, place, bit) => {
        const statement = `UPDATE "block" SET "bytes" = set_bit("bytes", floor($2::float8 * length("bytes"))::bigint * 8 + $3, 1 - get_bit("bytes", floor($2::float8 * length("bytes"))::bigint * 8 + $3)) WHERE "number" = $1`;
        const found = await tampered('block', statement, [number, place, bit]);
        expect(found.length).toBeGreaterThan(0);
        expect(new Set(found.map(({ block }) => block))).toEqual(new Set([number]));
        expect(['block', 'signature']).toContain(found[0]!.kind);
      },
    );
    await fc.assert(flip, { numRuns: 25 });
  }, 60_000);

  it('names a block that is gone', async () => {
    const found = await tampered('block', 'DELETE FROM "block" WHERE "number" = 3');
    expect(found).toContainEqual(expect.objectContaining({ kind: 'chain', block: 4 }));
  });

  it('names a block that stands in for another', async () => {
    const statement = `UPDATE "block" SET ("bytes", "hash", "signature", "codes") =
      (SELECT "bytes", "hash", "signature", "codes" FROM "block" WHERE "number" = 2) WHERE "number" = 3`;
    expect(await tampered('block', statement)).toContainEqual(expect.objectContaining({ kind: 'chain', block: 3 }));
  });

  it('names verdicts, hashes and commit signatures that were changed', async () => {
    const codes = await tampered('block', `UPDATE "block" SET "codes" = '{mvcc-conflict}' WHERE "number" = 2`);
    expect(codes).toContainEqual(expect.objectContaining({ kind: 'signature', block: 2 }));
    expect(codes).toContainEqual(expect.objectContaining({ kind: 'transaction', block: 2 }));
    const hash = await tampered('block', `UPDATE "block" SET "hash" = repeat('A', 43) WHERE "number" = 2`);
    expect(hash).toContainEqual(expect.objectContaining({ kind: 'block', block: 2 }));
    const signature = await tampered('block', `UPDATE "block" SET "signature" = repeat('A', 86) WHERE "number" = 2`);
    expect(signature).toEqual([expect.objectContaining({ kind: 'signature', block: 2 })]);
  });

  it('names a header that nobody signed', async () => {
    const { rows } = await db.query<{ bytes: Buffer }>('SELECT "bytes" FROM "block" WHERE "number" = 2');
    const text = rows[0]!.bytes
      .toString('utf8')
      .replace(/"time":(\d+),"version"/, (_, time) => `"time":${Number(time) + 1},"version"`);
    const found = await tampered('block', 'UPDATE "block" SET "bytes" = $1 WHERE "number" = 2', [Buffer.from(text)]);
    expect(found).toContainEqual(expect.objectContaining({ kind: 'signature', block: 2 }));
  });

  it('names entries of the state that the blocks do not come to', async () => {
    const { tag } = cast.anchor('a1');
    const id = `anchor/harbor/${tag}`;
    const state = expect.objectContaining({ kind: 'state', id });
    expect(await tampered('state', `UPDATE "state" SET "value" = '{}' WHERE "key" = $1`, [id])).toEqual([state]);
    expect(await tampered('state', `UPDATE "state" SET "block" = 1 WHERE "key" = $1`, [id])).toEqual([state]);
    expect(await tampered('state', `DELETE FROM "state" WHERE "key" = $1`, [id])).toEqual([state]);
    const planted = await tampered('state', `INSERT INTO "state" VALUES ('grant/planted', '{}', 1, 0)`);
    expect(planted).toEqual([expect.objectContaining({ kind: 'state', id: 'grant/planted' })]);
  });
});
