import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { systemClock as clock, systemRandom as random } from '@medshare/clock';
import { suite, utf8 } from '@medshare/crypto';
import { migrate, openDatabase, type Database } from '@medshare/database';
import { decode, event, type EventMessage } from '@medshare/events';
import { openFileKeys } from '@medshare/keys/file.driver';
import { Inbox, Outbox, outboxMigrations, payloadMigrations } from '@medshare/outbox';
import { createAuditTrail } from '@medshare/role';
import { loadLabelPolicy } from '@medshare/sensitivity';
import { freshDatabase, tempDir, type FreshDatabase } from '@medshare/testkit';
import { Transit } from '@medshare/transit';
import { ClassifyRecord, type ClassifiedHeader } from './classify-record.js';

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const golden = (name: string) =>
  new Uint8Array(readFileSync(folder(`../../../libs/fhir/src/mapping/golden/${name}.json`)));
const labels = folder('../../../policies/labels/');
const policy = loadLabelPolicy(
  Object.fromEntries(
    readdirSync(labels, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(yaml|json)$/.test(name))
      .map((name) => [name.replaceAll('\\', '/'), readFileSync(`${labels}${name}`, 'utf8')]),
  ),
);
const recordId = '11111111-1111-4111-8111-111111111111';
const hash = 'A'.repeat(43);

describe('the classifier', () => {
  let place: FreshDatabase;
  let files: Awaited<ReturnType<typeof tempDir>>;
  let database: Database;
  let keys: Database;
  let transit: Transit;
  let records: ClassifyRecord;
  let inbox: Inbox;

  beforeAll(async () => {
    [place, files] = await Promise.all([freshDatabase(), tempDir()]);
    await migrate(place.url, 'transit', [payloadMigrations, folder('../../../libs/transit/prisma/migrations')]);
    await migrate(place.url, 'classifier', [outboxMigrations, folder('../prisma/migrations')]);
    database = openDatabase({ url: place.url, schema: 'classifier' });
    keys = openDatabase({ url: place.url, schema: 'transit', max: 1 });
    const keyEncryption = await openFileKeys({ path: `${files.path}/kek` });
    transit = new Transit({ database: keys, suite: suite('intl'), keyEncryption, clock, random });
    const outbox = new Outbox();
    const audit = createAuditTrail({
      role: 'classifier',
      institution: 'harbor',
      clock,
      random,
      outbox,
      peers: undefined as never,
    });
    records = new ClassifyRecord({ transit, outbox, audit, clock }, policy);
    inbox = new Inbox({ database, pause: 1 });
  }, 120_000);
  beforeEach(() => database.query('TRUNCATE outbox, inbox, review'));
  afterAll(async () => {
    await Promise.all([database.close(), keys.close()]);
    await Promise.all([place.drop(), files.remove()]);
  });

  const received = async (bundle: Uint8Array): Promise<EventMessage> => {
    const header = {
      identifiers: [{ system: 'urn:medshare:east:citizen', value: 'mei-lin' }],
      source: { feed: 'his', kind: 'hl7v2' },
    };
    const payload = await database.transaction((tx) => transit.put(tx, { header, parts: [bundle, utf8('MSH|raw')] }));
    const value = {
      recordId,
      patientKey: hash,
      episode: hash,
      payload,
      messageId: recordId,
      mapping: 'hl7v2-1',
      receivedAt: 1,
    };
    return event('record.received', { id: recordId, key: hash }, value);
  };
  const consume = (message: EventMessage) =>
    inbox.consume(message, (tx) => records.classify(tx, decode('record.received', message)));
  const emitted = async () => {
    const { rows } = await database.query<EventMessage>(
      'SELECT id, topic, key, headers, value FROM outbox ORDER BY seq',
    );
    const parsed = (value: unknown) => (typeof value === 'string' ? (JSON.parse(value) as never) : (value as never));
    return rows.map((row) => ({ ...row, headers: parsed(row.headers), value: parsed(row.value) }) as EventMessage);
  };

  it('cuts a record into sections with labels of their own, and passes the source’s bytes on', async () => {
    await consume(await received(golden('oru-r01-mei-lin-hiv')));
    const [fact, classified] = await emitted();
    expect(fact).toMatchObject({ topic: 'audit.recorded', value: { entry: { action: 'record.classified' } } });
    const { payload, policy: version } = decode('record.classified', classified!);
    expect(version).toBe(policy.version);
    const { header, parts } = await transit.get(payload);
    const { sections, identifiers } = header as ClassifiedHeader;
    expect(sections.map((section) => [section.class, section.level])).toEqual([
      ['ordinary', 3],
      ['sensitive:hiv', 5],
    ]);
    expect(identifiers).toEqual([{ system: 'urn:medshare:east:citizen', value: 'mei-lin' }]);
    expect(parts.map((part) => new TextDecoder().decode(part.subarray(0, 7)))).toEqual([
      '{"resou',
      '{"resou',
      'MSH|raw',
    ]);
    expect(sections[0]?.labels).toEqual([]);
    const count = (JSON.parse(new TextDecoder().decode(parts[1])) as { entry: unknown[] }).entry.length;
    for (const { path } of sections[1]?.labels ?? [])
      expect(Number(/entry\[(\d+)/.exec(path)?.[1])).toBeLessThan(count);
    expect(sections[1]?.labels.length).toBeGreaterThan(0);
    expect(JSON.stringify(classified)).not.toMatch(/sensitive:|mei-lin/i);
  });

  it('does it once', async () => {
    const message = await received(golden('adt-a01-mei-lin'));
    await consume(message);
    await consume(message);
    expect((await emitted()).filter(({ topic }) => topic === 'record.classified')).toHaveLength(1);
  });

  it('queues for a person what rests on words alone, without the words', async () => {
    const observation = {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'note' },
      valueString: 'Patient reports domestic violence at home.',
    };
    await consume(
      await received(
        utf8(JSON.stringify({ resourceType: 'Bundle', type: 'collection', entry: [{ resource: observation }] })),
      ),
    );
    const { rows } = await database.query<{ rule: string; path: string }>('SELECT rule, path FROM review');
    expect(rows.map(({ rule }) => rule)).toEqual(['text.violence']);
    expect(JSON.stringify(rows)).not.toMatch(/domestic/);
  });

  it('parks what is no Bundle', async () => {
    await consume(await received(utf8('{"resourceType":"Bundle","entry":[')));
    expect((await inbox.listParked()).map(({ code }) => code)).toEqual(['fhir.json']);
    expect(await emitted()).toEqual([]);
  });
});
