import { cp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { recordSealed, type Anchor } from '@medshare/events';
import type { RoleContext } from '@medshare/role';
import { checkVault } from './check-vault.js';
import { TestRegion } from './fixture/region.fixture.js';

type Query = (sql: string) => Promise<{ rows: object[] }>;

const id = '11111111-1111-4111-8111-111111111111';

describe('fsck of a vault names what was planted', () => {
  let test: TestRegion;
  let anchor: Anchor;
  beforeAll(async () => {
    test = await TestRegion.open();
    const sections = [{ class: 'ordinary', text: '{"n":1}' }];
    await test.seal('harbor', { id, citizen: 'mei-lin', sections });
    await test.anchorAll('harbor');
    await test.deliverAll('harbor');
    anchor = recordSealed.parse((await test.events('harbor', 'record.sealed'))[0]).anchor;
  }, 120_000);
  afterAll(() => test.close());

  /** Plants inside a transaction that is rolled back; blobs and chain are put back too. */
  const planted = async (plant: (query: Query) => Promise<unknown>): Promise<string[]> => {
    const { context, blobPath } = test.at('harbor');
    const chain = new Map(test.chain.entries);
    await cp(blobPath, `${blobPath}.saved`, { recursive: true });
    let found: string[] = [];
    const undo = new Error('undo');
    await context.database
      .transaction(async (tx) => {
        await plant((sql) => tx.query(sql));
        found = await named({ ...context, database: tx as RoleContext['database'] });
        throw undo;
      })
      .catch((caught: unknown) => expect(caught).toBe(undo));
    await rm(blobPath, { recursive: true });
    await rename(`${blobPath}.saved`, blobPath);
    chain.forEach((value, key) => test.chain.entries.set(key, value));
    return found;
  };

  const named = async (context: RoleContext = test.at('harbor').context) => {
    const found = [];
    for await (const { store, problem } of checkVault(context)) found.push(`${store}: ${problem}`);
    return found;
  };
  const blobFolder = (cid: string) => join(test.at('harbor').blobPath, cid.slice(-2), cid);
  const flip = async (cid: string) => {
    const [name] = await readdir(blobFolder(cid));
    const bytes = await readFile(join(blobFolder(cid), name!));
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(join(blobFolder(cid), name!), bytes);
  };
  const search = async (from: string) => {
    const identifier = { system: 'urn:medshare:east:citizen', value: 'mei-lin' };
    const { records, damaged } = await test
      .at(from)
      .vault.anchors.find({ identifier, reference: id, purpose: 'TREAT' });
    return [records.length, damaged.map(({ problem }) => problem)];
  };

  it('and nothing where nothing was', async () => {
    expect(await planted(() => Promise.resolve())).toEqual([]);
    expect(await search('lakeside')).toEqual([1, []]);
  });

  it.each<[string, string[], (query: Query) => Promise<unknown>]>([
    [
      'a missing manifest blob',
      ['vault.record ↔ blobs: missing'],
      () => rm(blobFolder(anchor.manifest), { recursive: true }),
    ],
    ['a flipped bit of the manifest blob', ['vault.record ↔ blobs: blob.tampered'], () => flip(anchor.manifest)],
    [
      'a flipped bit of a section',
      ['vault.section ↔ blobs: blob.tampered'],
      async (query) =>
        flip(((await query('SELECT cid FROM section WHERE position = 0')).rows[0] as { cid: string }).cid),
    ],
    [
      'a section of another address',
      ['vault.section ↔ blobs: disagrees'],
      (query) => query(`UPDATE section SET cid = '${anchor.manifest}' WHERE position = 0`),
    ],
    [
      'a lost section',
      ['vault.section: disagrees', 'vault.section ↔ blobs: disagrees'],
      (query) => query('DELETE FROM section WHERE position = 1'),
    ],
    [
      'an exchanged content key',
      ['vault.section ↔ blobs: vault.tampered'],
      (query) => query('UPDATE section SET wrapped_key = (SELECT wrapped FROM index_key)  WHERE position = 0'),
    ],
    [
      'a manifest changed in the table',
      ['vault.record ↔ blobs: disagrees', 'vault.record: vault.tampered'],
      (query) => query(`UPDATE record SET manifest = set_byte(manifest, 60, 255 - get_byte(manifest, 60))`),
    ],
    ['an anchor that is not on the chain', ['vault.record ↔ chain: missing'], async () => test.chain.entries.clear()],
    [
      'other content on the chain',
      ['vault.record ↔ chain: disagrees'],
      async () => test.chain.anchor('harbor', { ...anchor, sealRoot: anchor.tag }),
    ],
    [
      'a counter that no record has',
      ['vault.index_key ↔ vault.record: missing'],
      (query) => query('UPDATE index_key SET next_counter = 2'),
    ],
    [
      'a leaf’s share that is another',
      Array<string>(3).fill('vault.leaf: vault.share'),
      (query) => query('UPDATE leaf SET wrapped_share = (SELECT wrapped FROM index_key)'),
    ],
    [
      'a changed deal',
      ['vault.deal: vault.deal', ...Array<string>(3).fill('vault.leaf: vault.deal')],
      async (query) => {
        await query(`UPDATE deal SET document = jsonb_set(document, '{about,epoch}', '1')`);
        await query(`UPDATE leaf SET document = jsonb_set(document, '{about,epoch}', '1')`);
      },
    ],
    [
      'a forged acknowledgement',
      ['vault.deal: access.forged'],
      (query) => query(`UPDATE delivery SET acknowledgement = repeat('A', 86) WHERE leaf = 'custodian@summit'`),
    ],
    [
      'a class that is shareable too early',
      ['vault.deal: disagrees'],
      (query) => query('UPDATE delivery SET acknowledgement = NULL'),
    ],
  ])('%s', async (_, expected, plant) => {
    expect(await planted(plant)).toEqual(expected);
  });

  it('a blob of which too few copies are whole', async () => {
    const { context } = test.at('harbor');
    const other = test.at('summit').context.blobs;
    const own = context.blobs;
    // two folders that each hold a whole copy, as a store with two nodes does
    const twice: typeof own = {
      wanted: 2,
      copies: async (cid) => [...(await own.copies(cid)), ...(await other.copies(cid))],
      get: (cid) => own.get(cid),
      has: (cid) => own.has(cid),
      put: (content) => own.put(content),
      list: () => own.list(),
      remove: (cid) => own.remove(cid),
    };
    const look = () => named({ ...context, blobs: twice });
    const few = ['vault.record ↔ blobs: few-copies', ...Array<string>(2).fill('vault.section ↔ blobs: few-copies')];
    expect(await look()).toEqual(few);
    const { rows } = await context.database.query<{ cid: string }>('SELECT cid FROM section');
    const cids = [anchor.manifest, ...rows.map(({ cid }) => cid)];
    for (const cid of cids) await other.put(context.blobs.get(cid));
    expect(await look()).toEqual([]);
    await other.remove(anchor.manifest);
    expect(await look()).toEqual(few.slice(0, 1));
    for (const cid of cids) await other.remove(cid).catch(() => undefined);
  });

  it.each<[string, string, () => Promise<unknown>]>([
    ['that nobody has', 'blob.missing', () => rm(blobFolder(anchor.manifest), { recursive: true })],
    ['with a flipped bit', 'blob.tampered', () => flip(anchor.manifest)],
    [
      'of another record',
      'vault.tampered',
      async () => test.chain.anchor('harbor', { ...anchor, sealRoot: anchor.tag }),
    ],
    ['that is no anchor', 'ledger.tampered', async () => test.chain.put(`anchor/harbor/${anchor.tag}`, { n: 1 })],
  ])('and a search lists a manifest %s as damaged', async (_, code, plant) => {
    await test.at('lakeside').context.blobs.remove(anchor.manifest);
    const found: unknown[] = [];
    await planted(async () => {
      await plant();
      found.push(...(await search('lakeside')));
    });
    expect(found).toEqual([0, [code]]);
  });
});
