import { openPostgresLog } from '@medshare/bus/postgres-log.driver';
import type { Bus, BusMessage } from '@medshare/bus';
import { decode, type EventOf } from '@medshare/events';
import { startRelay, type Relay } from '@medshare/outbox';
import { eventually, freshDatabase, type FreshDatabase } from '@medshare/testkit';
import { assembleIngest, type Ingest } from './assemble-ingest.js';
import { CountingMetrics, openContext, sample, settings, type IngestContext } from './fixture/ingest.fixture.js';
import { admission } from './fixture/mllp-client.fixture.js';
import type { RecordHeader } from './map-message.js';
import { listMessages } from './store/browse.js';

let fresh: FreshDatabase;
let context: IngestContext;
let closeContext: () => Promise<void>;
let ingest: Ingest;
let bus: Bus;
let relay: Relay;
const metrics = new CountingMetrics();
const records: { message: BusMessage; value: EventOf<'record.received'> }[] = [];
const audited: EventOf<'audit.recorded'>[] = [];

beforeAll(async () => {
  fresh = await freshDatabase();
  ({ context, close: closeContext } = await openContext(fresh.url));
  ingest = assembleIngest(context, settings(), metrics);
  bus = await openPostgresLog({ url: fresh.url, pollEvery: 50 });
  relay = startRelay({ db: context.database, bus, pollEvery: 20 });
  const keep =
    <T>(list: T[], of: (message: BusMessage) => T) =>
    (message: BusMessage) => {
      list.push(of(message));
      return Promise.resolve();
    };
  await bus.subscribe({
    group: 'ingest',
    topic: 'message.accepted',
    handler: (each) => ingest.consumeAccepted.consume(each),
  });
  const handler = keep(records, (message) => ({ message, value: decode('record.received', message) }));
  await bus.subscribe({ group: 'test', topic: 'record.received', handler });
  await bus.subscribe({
    group: 'test',
    topic: 'audit.recorded',
    handler: keep(audited, (message) => decode('audit.recorded', message)),
  });
}, 120_000);
afterAll(async () => {
  await relay.stop();
  await bus.close();
  await closeContext();
  await fresh.drop();
});

const send = async (message: string | Uint8Array) =>
  (await ingest.receiveHl7v2.receive(typeof message === 'string' ? Buffer.from(message) : message, { via: 'mllp' }))
    .code;

describe('an accepted message', () => {
  it('becomes a record of the same patient and episode, by whichever way it came', async () => {
    for (const name of ['adt-a01-mei-lin.hl7', 'oru-r01-mei-lin-labs.hl7']) expect(await send(sample(name))).toBe('CA');
    const user = {
      subject: 's',
      username: 'his',
      institution: 'harbor',
      roles: ['feed'],
      clientId: 'his',
      expiresAt: 0,
    };
    const response = await ingest.receiveFhir.interaction(sample('bundle-mei-lin-encounter.json'), user, undefined);
    expect(response.type).toBe('transaction-response');
    await eventually(() => records.length === 3);
    expect(new Set(records.map(({ value }) => value.patientKey)).size).toBe(1);
    expect(new Set(records.map(({ value }) => value.episode)).size).toBe(1);
    expect(new Set(records.map(({ message }) => message.key)).size).toBe(1);
    const payloads = await Promise.all(records.map(({ value }) => context.transit.get(value.payload)));
    const headers = payloads.map(({ header }) => header as RecordHeader);
    expect(headers.map(({ identifiers }) => identifiers[0])).toEqual(
      Array.from({ length: 3 }, () => ({ system: 'urn:medshare:east:citizen', value: 'E-1985-0317-442' })),
    );
    expect(headers.map(({ source }) => [source.kind, source.feed, source.mapping])).toEqual([
      ['hl7v2', 'his', 'hl7v2-2'],
      ['hl7v2', 'his', 'hl7v2-2'],
      ['fhir', 'his', 'fhir-1'],
    ]);
    expect(Buffer.from(payloads[0]!.parts[1]!).equals(sample('adt-a01-mei-lin.hl7'))).toBe(true);
    expect(Buffer.from(payloads[2]!.parts[0]!).equals(sample('bundle-mei-lin-encounter.json'))).toBe(true);
    await eventually(() => audited.filter(({ entry }) => entry.action === 'message.received').length === 3);
  });

  it('parks visibly when it cannot be mapped, with the later ones of its patient behind it and no other', async () => {
    const before = records.length;
    // two patients in one result: it passes what an AA promises and cannot become one record
    const two = admission('TWO', 'E-7')
      .replace('ADT^A01^ADT_A01', 'ORU^R01^ORU_R01')
      .replace(/EVN[^\r]*\r/, '');
    const result = (id: string) => `OBR|1|||1^x^L\rOBX|1|NM|2^y^L||5||||||F\r${id}`;
    const second = 'PID|1||E-8^^^EAST&urn:medshare:east:citizen&URI^NI||Berg^Jonas||19850317|M\r';
    expect(await send(`${two}${result(second)}${result('')}`)).toBe('AA');
    expect(await send(admission('BEHIND', 'E-7'))).toBe('AA');
    expect(await send(admission('OTHER', 'E-9'))).toBe('AA');
    await eventually(() => records.length === before + 1);
    await eventually(() => metrics.counts['parked'] === 2);
    const parked = await listMessages(context.database, { state: 'parked', before: 1e9, limit: 10 });
    expect(parked.map(({ problem }) => problem)).toEqual([
      'event.parked',
      expect.stringMatching(/^(patient|record)\./),
    ]);
    const facts = audited.filter(({ entry }) => entry.action === 'message.parked');
    await eventually(() => audited.filter(({ entry }) => entry.action === 'message.parked').length === 2);
    expect(facts.every(({ entry }) => entry.outcome === 'failed')).toBe(true);
  });

  it('makes the same record when it is delivered again', async () => {
    const { rows } = await context.database.query<{ id: string; payload: string; patient_key: string }>(
      "SELECT id, payload, patient_key FROM message WHERE state = 'mapped' LIMIT 1",
    );
    const [{ id, payload, patient_key: patientKey }] = rows as [{ id: string; payload: string; patient_key: string }];
    const before = records.length;
    const value = { messageId: id, patientKey, payload, kind: 'hl7v2', feed: 'his', receivedAt: 1 };
    await bus.publish([{ id, topic: 'message.accepted', key: patientKey, headers: { version: '1' }, value }]);
    expect(await send(admission('LAST', 'E-10'))).toBe('AA');
    await eventually(() => records.length === before + 1);
    const { rows: twice } = await context.database.query(
      'SELECT 1 FROM message GROUP BY record_id HAVING count(*) > 1 AND record_id IS NOT NULL',
    );
    expect(twice).toEqual([]);
  });
});
