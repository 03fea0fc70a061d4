import { fromUtf8, openBytes, unframe } from '@medshare/crypto';
import { recordSealed, type Manifest } from '@medshare/events';
import { TestRegion } from './fixture/region.fixture.js';
import { checkVault } from './check-vault.js';

const ids = [
  '11111111-1111-4111-8111-111111111111',
  '22222222-2222-4222-8222-222222222222',
  '33333333-3333-4333-8333-333333333333',
] as const;
const sections = [
  { class: 'ordinary', text: '{"resourceType":"Bundle","total":1.50}' },
  { class: 'sensitive:hiv', text: '{"resourceType":"Bundle","note":"canary-plaintext"}', level: 5 },
];

const findings = async (test: TestRegion, id = 'harbor') => {
  const found = [];
  for await (const finding of checkVault(test.at(id).context)) found.push(finding);
  return found;
};
const rows = async (test: TestRegion, table: string) =>
  (await test.at('harbor').context.database.query<Record<string, never>>(`SELECT * FROM ${table}`)).rows;
const search = (test: TestRegion, id: string, value = 'mei-lin') =>
  test.at(id).vault.anchors.find({
    identifier: { system: 'urn:medshare:east:citizen', value },
    reference: '6f1f9e6c-0f64-4a52-9d3d-0a2f5c9b7e11',
    purpose: 'TREAT',
  });

describe.each(['intl', 'sm'] as const)('sealing in suite %s', (suite) => {
  let test: TestRegion;
  beforeEach(async () => {
    test = await TestRegion.open(suite);
  }, 120_000);
  afterEach(() => test.close());

  it('writes down everything that is submitted, once, and another institution finds it by the identifier', async () => {
    const message = await test.classified('harbor', { id: ids[0], citizen: 'mei-lin', sections });
    await test.consume('harbor', message);
    await test.consume('harbor', message);
    const events = await test.events('harbor', 'record.sealed');
    expect(events).toHaveLength(1);
    const { anchor } = recordSealed.parse(events[0]);
    expect(await rows(test, 'record')).toHaveLength(1);
    await test.anchorAll('harbor');
    const { records, damaged } = await search(test, 'lakeside');
    expect(damaged).toEqual([]);
    expect(records.map(({ institution, anchor: found }) => [institution, found])).toEqual([['harbor', anchor]]);
    expect(records[0]?.manifest.sections.map(({ capsule }) => capsule !== undefined)).toEqual([true, true, false]);
    expect(JSON.stringify(records[0])).not.toMatch(/sensitive:|ordinary/);
    await test.deliverAll('harbor');
    expect(await findings(test)).toEqual([]);
  });

  it('seals exact bytes under a key that the institution keeps', async () => {
    await test.seal('harbor', { id: ids[0], citizen: 'mei-lin', sections });
    await test.anchorAll('harbor');
    const [found] = (await search(test, 'harbor')).records;
    const opened = await Promise.all(
      (found?.manifest.sections ?? []).map((section) => openOwn(test, found!.manifest, section)),
    );
    expect(opened.map(([, bytes]) => bytes)).toEqual([sections[0]?.text, sections[1]?.text, `raw ${ids[0]}`]);
    expect(JSON.parse(opened[1]?.[0] ?? '')).toEqual({ class: 'sensitive:hiv', level: 5, labels: [] });
  });
});

async function openOwn(test: TestRegion, { record }: Manifest, { section, cid, epoch }: Manifest['sections'][number]) {
  const { database, keyEncryption, blobs, suite } = test.at('harbor').context;
  const { rows: found } = await database.query<{ wrapped_key: Buffer }>(
    'SELECT wrapped_key FROM section WHERE id = $1',
    [section],
  );
  const key = await keyEncryption.unwrap(found[0]!.wrapped_key, `section/${section}`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of blobs.get(cid)) chunks.push(chunk);
  const [, header, bytes] = unframe(
    await openBytes(suite, { key, use: 'section', record, section, epoch }, Buffer.concat(chunks)),
  );
  return [fromUtf8(header!), fromUtf8(bytes!)];
}

describe('sealing', () => {
  let test: TestRegion;
  beforeEach(async () => {
    test = await TestRegion.open();
  }, 120_000);
  afterEach(() => test.close());

  it('allocates counters in order for one patient, whatever key the sender used, under one deal an episode and class', async () => {
    await test.seal('harbor', { id: ids[0], citizen: 'mei-lin', patient: 'mrn 1' });
    await test.seal('harbor', { id: ids[1], citizen: 'mei-lin', patient: 'mrn 2' });
    await test.seal('harbor', { id: ids[2], patient: 'mrn 1' });
    expect((await rows(test, 'record')).map(({ counter }) => counter).sort()).toEqual([0, 1, 2]);
    expect(await rows(test, 'index_key')).toHaveLength(1);
    expect(await rows(test, 'deal')).toHaveLength(2);
  });

  it('keeps a patient without an agreed identifier local', async () => {
    await test.seal('harbor', { id: ids[0], patient: 'newborn' });
    await test.anchorAll('harbor');
    expect((await rows(test, 'index_key')).map(({ identifier }) => identifier)).toEqual([null]);
    expect((await search(test, 'lakeside')).records).toEqual([]);
    await expect(
      test.at('lakeside').vault.anchors.find({
        identifier: { system: 'urn:local', value: 'newborn' },
        reference: ids[0],
        purpose: 'TREAT',
      }),
    ).rejects.toMatchObject({ code: 'patient.not-searchable' });
  });

  it('waits while the region’s vaults are away, and loses nothing', async () => {
    const message = await test.classified('harbor', { id: ids[0], citizen: 'mei-lin' });
    test.away.add('lakeside').add('summit');
    await expect(test.consume('harbor', message)).rejects.toMatchObject({ code: 'vault.key-unavailable', status: 503 });
    expect(await rows(test, 'record')).toEqual([]);
    test.away.delete('summit');
    await test.consume('harbor', message);
    expect(await rows(test, 'record')).toHaveLength(1);
  });

  it('asks another in place of a vault that answers wrongly, and counts every evaluation', async () => {
    test.tampered.set(
      'lakeside vault.evaluate-index',
      (answer: { value: string }) => ({ ...answer, index: 3 }) as never,
    );
    await test.seal('harbor', { id: ids[0], citizen: 'mei-lin' });
    await test.anchorAll('harbor');
    test.tampered.clear();
    expect((await search(test, 'summit')).records).toHaveLength(1);
    const { rows: counted } = await test
      .at('summit')
      .context.database.query('SELECT caller, ground, count FROM evaluation ORDER BY caller');
    expect(counted).toEqual([
      { caller: 'harbor', ground: 'seal', count: '1' },
      { caller: 'summit', ground: 'search', count: '1' },
    ]);
  });

  it('leaves nothing but unnamed blobs when it dies before its commit, and seals again under the same counter', async () => {
    const message = await test.classified('harbor', { id: ids[0], citizen: 'mei-lin' });
    const { context, vault } = test.at('harbor');
    const dies = context.database.transaction(async (tx) => {
      await vault.records.seal(tx, message.value as never);
      throw new Error('killed');
    });
    await expect(dies).rejects.toThrow('killed');
    expect([await rows(test, 'record'), await rows(test, 'outbox')]).toEqual([[], []]);
    await test.consume('harbor', message);
    await test.anchorAll('harbor');
    await test.deliverAll('harbor');
    expect((await rows(test, 'record')).map(({ counter }) => counter)).toEqual([0]);
    expect(await findings(test)).toEqual([]);
  });

  it('tells no label, level or text to the outbox', async () => {
    await test.seal('harbor', { id: ids[0], citizen: 'mei-lin', sections });
    expect(JSON.stringify(await rows(test, 'outbox'))).not.toMatch(/sensitive:|canary|mei-lin|ordinary/);
  });
});
