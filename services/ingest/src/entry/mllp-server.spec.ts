import { eventually, freshDatabase, type FreshDatabase } from '@medshare/testkit';
import { assembleIngest, type Ingest } from '../assemble-ingest.js';
import { CountingMetrics, openContext, sample, settings, type IngestContext } from '../fixture/ingest.fixture.js';
import { admission, codeOf, idOf, MllpClient } from '../fixture/mllp-client.fixture.js';
import { MllpServer } from './mllp-server.js';

let fresh: FreshDatabase;
let context: IngestContext;
let closeContext: () => Promise<void>;
let ingest: Ingest;
let server: MllpServer;
let metrics: CountingMetrics;
const clients: MllpClient[] = [];
const open = async () => {
  const client = await MllpClient.to(server.port);
  clients.push(client);
  return client;
};
const rows = async <T extends object>(sql: string) =>
  (await context.database.query<T & Record<string, unknown>>(sql)).rows;
const countMessages = async () => (await rows<{ n: number }>('SELECT count(*)::int n FROM message'))[0]?.n;

beforeAll(async () => {
  fresh = await freshDatabase();
  ({ context, close: closeContext } = await openContext(fresh.url));
  const config = settings();
  const mllp = { ...config.mllp, maxMessageBytes: 100_000, maxConnections: 20, idleTimeout: 60_000, maxInFlight: 50 };
  metrics = new CountingMetrics();
  ingest = assembleIngest(context, { ...config, mllp }, metrics);
  server = new MllpServer(mllp, ingest, { ...context, metrics });
  await server.listen();
}, 120_000);
afterEach(() => clients.splice(0).forEach((client) => client.end()));
afterAll(async () => {
  await server.stop();
  await closeContext();
  await fresh.drop();
});

describe('the MLLP server', () => {
  it('answers AA once the message, its payload and its events are committed', async () => {
    const client = await open();
    // in original mode; the sample asks for the enhanced one
    const message = Buffer.from(Buffer.from(sample('adt-a01-mei-lin.hl7')).toString().replace('|AL|NE|', '|||'));
    const ack = await client.ask(message);
    expect([codeOf(ack), idOf(ack)]).toEqual(['AA', 'HARBOR-ADT-0001']);
    const [row] = await rows<{ id: string; payload: string; feed: string; state: string }>('SELECT * FROM message');
    expect(row).toMatchObject({ feed: 'his', state: 'accepted' });
    const { parts } = await context.transit.get(row!.payload);
    expect(Buffer.from(parts[0]!).equals(message)).toBe(true);
    const events = await rows<{ topic: string }>('SELECT topic FROM outbox ORDER BY topic');
    expect(events.map(({ topic }) => topic)).toEqual(['audit.recorded', 'message.accepted']);
  });

  it('keeps nothing that names the patient in any table', async () => {
    const dumped = await Promise.all(
      ['message', 'outbox', 'refusal', 'transit.payload_chunk'].map((table) =>
        rows<{ text: string }>(`SELECT t::text AS text FROM ${table} t`),
      ),
    );
    const text = JSON.stringify(dumped);
    for (const marker of ['Mei', 'E-1985-0317-442', 'HARBOR-ADT-0001', 'Quay'])
      for (const encoding of ['utf8', 'hex', 'base64', 'base64url'] as const)
        expect(text).not.toContain(Buffer.from(marker).toString(encoding).replace(/=+$/, ''));
    expect(text).toContain('message.accepted');
  });

  it('answers a repeated message again and does it once; other bytes under its id are a conflict', async () => {
    const client = await open();
    const before = (await countMessages()) ?? 0;
    const message = admission('TWICE');
    expect(codeOf(await client.ask(message))).toBe('AA');
    expect(codeOf(await client.ask(message))).toBe('AA');
    const conflict = await client.ask(admission('TWICE', 'E-2'));
    expect(codeOf(conflict)).toBe('AE');
    expect(conflict).toContain('hl7.duplicate-conflict');
    expect(conflict).toMatch(/\rERR\|\|MSH\^1\^10\|205/);
    // equal content under another id is another message
    expect(codeOf(await client.ask(admission('THRICE')))).toBe('AA');
    expect(await countMessages()).toBe(before + 2);
  });

  it('sees duplicates inside one group, too', async () => {
    const client = await open();
    const before = (await countMessages()) ?? 0;
    const message = admission('GROUP');
    for (let n = 0; n < 10; n += 1) client.send(message);
    client.send(admission('GROUP', 'E-3'));
    await client.answer(10);
    expect(client.heard.map(codeOf)).toEqual([...Array.from({ length: 10 }, () => 'AA'), 'AE']);
    expect(await countMessages()).toBe(before + 1);
  });

  it('answers pipelined messages in their order, good and bad, however the bytes are cut', async () => {
    const client = await open();
    const ids = Array.from({ length: 120 }, (_, n) => `PIPE-${n}`);
    const stream = Buffer.concat(
      ids.map((id, n) =>
        Buffer.from(`\x0b${n % 7 === 3 ? `MSH|^~\\&|HIS|HARBOR|||2026||ZZZ^Z01|${id}|P|2.5` : admission(id)}\x1c\r`),
      ),
    );
    for (let at = 0; at < stream.length; at += 977) client.write(stream.subarray(at, at + 977));
    await client.answer(119);
    expect(client.heard.map(idOf)).toEqual(ids);
    expect(client.heard.map(codeOf)).toEqual(ids.map((_, n) => (n % 7 === 3 ? 'AR' : 'AA')));
  });

  it.each([
    ['what is no HL7', 'hello', 'AR', 'hl7.unparsable', /ERR\|\|MSH\^1\|207/],
    [
      'an unknown character set',
      admission('CS').replace('UNICODE UTF-8', 'EBCDIC'),
      'AR',
      'hl7.charset',
      /ERR\|\|MSH\^1\^18\|207/,
    ],
    [
      'an unknown type',
      admission('TY').replaceAll('ADT^A01^ADT_A01', 'ZZZ^Z01'),
      'AR',
      'hl7.unsupported-type',
      /MSH\^1\^9\^\^1\|200/,
    ],
    [
      'an unknown event',
      admission('EV').replace('ADT^A01^ADT_A01', 'ADT^A99'),
      'AR',
      'hl7.unsupported-event',
      /MSH\^1\^9\^\^2\|201/,
    ],
    ['a bad date', admission('DT').replace('19850317', '19851399'), 'AE', 'hl7.data-type', /PID\^1\^7\|102/],
    ['no identifier', admission('ID').replace(/E-1\^[^|]*/, ''), 'AE', 'hl7.required-field', /PID\^1\^3\|101/],
    ['no patient', admission('PA').replace(/PID[^\r]*\r/, ''), 'AE', 'hl7.segment-sequence', /ERR\|\|PID\^1\|100/],
    ['too much', admission('BIG', 'E-1', `|${'x'.repeat(100_000)}`), 'AR', 'hl7.too-large', /207/],
  ])('refuses %s and says where', async (_, message, code, problem, place) => {
    const client = await open();
    const ack = await client.ask(message);
    expect(codeOf(ack)).toBe(code);
    expect(ack).toContain(problem);
    expect(ack).toMatch(place);
    // the same connection goes on, and the refusal can be found
    expect(codeOf(await client.ask(admission(`AFTER-${problem}`)))).toBe('AA');
    const [found] = await rows<{ code: string }>('SELECT code FROM refusal ORDER BY position DESC LIMIT 1');
    expect(found?.code).toBe(problem);
  });

  it('says what is wrong in Chinese to a feed that asks for it', async () => {
    const chinese = assembleIngest(context, settings({ language: 'zh' }), metrics);
    const bad = Buffer.from(admission('ZH').replace('|19850317|', '|yesterday|'));
    const told = async (to: Ingest) =>
      Buffer.from((await to.receiveHl7v2.receive(bad, { via: 'mllp' })).bytes ?? []).toString();
    expect(await told(chinese)).toMatch(/\rERR\|[^\r]*\|PID[^\r]*\|\p{Script=Han}+/u);
    expect(await told(ingest)).not.toMatch(/\p{Script=Han}/u);
  });

  it('answers bytes in the declared charset that are none of it', async () => {
    const client = await open();
    const bytes = Buffer.from(admission('UTF'), 'utf8');
    bytes[bytes.indexOf('Mei')] = 0xff;
    expect(await client.ask(bytes)).toContain('hl7.charset');
  });

  it('names a broken frame once, and a message that was cut off', async () => {
    const client = await open();
    client.write(Buffer.from('noise outside'));
    expect(await client.answer(0)).toContain('hl7.framing');
    expect(codeOf(await client.ask(admission('AFTER-NOISE')))).toBe('AA');
    client.write(Buffer.from(`\x0b${admission('CUT').slice(0, 60)}`));
    client.socket.end();
    expect(await client.answer(2)).toContain('hl7.truncated');
  });

  it('answers a flood of tiny frames in their order, a few at a time', async () => {
    const client = await open();
    const frames = 2_000;
    client.write(Buffer.concat([Buffer.from('\x0bX\x1c\r'.repeat(frames)), Buffer.from('\x0b'.repeat(20_000))]));
    client.write(Buffer.from(`${admission('AFTER-A-FLOOD')}\x1c\r`));
    // what waits is bounded: no more is begun than may wait for its answer, and a piece of bytes more
    await client.answer(0);
    const [{ n } = { n: 0 }] = await rows<{ n: number }>('SELECT count(*)::int n FROM refusal');
    expect(n).toBeLessThan(frames);
    expect([codeOf(await client.answer(frames)), idOf(await client.answer(frames))]).toEqual(['AA', 'AFTER-A-FLOOD']);
    expect(client.heard.slice(0, frames).filter((ack) => codeOf(ack) === 'AR')).toHaveLength(frames);
  }, 60_000);

  it('answers one acknowledgement a message of a batch, and one for a batch whose counts are wrong', async () => {
    const client = await open();
    const bhs = 'BHS|^~\\&|HIS|HARBOR|MEDSHARE|HARBOR|2026||||B\r';
    client.send(`${bhs}${admission('BA-1')}${admission('BA-2').replace('19850317', 'x')}${admission('BA-3')}BTS|3\r`);
    client.send(admission('BA-4'));
    client.send(`${bhs}${admission('BA-5')}BTS|2\r`);
    await client.answer(4);
    expect(client.heard.map((ack) => [codeOf(ack), idOf(ack)])).toEqual([
      ['AA', 'BA-1'],
      ['AE', 'BA-2'],
      ['AA', 'BA-3'],
      ['AA', 'BA-4'],
      ['AE', ''],
    ]);
    expect(client.heard[4]).toMatch(/ERR\|\|BTS\^1\^1\|207.*hl7\.batch-count/);
  });

  it('closes connections past its limit', async () => {
    const many = await Promise.all(Array.from({ length: 25 }, open));
    await eventually(() => many.filter(({ closed }) => closed).length >= 5);
    expect(metrics.counts['dropped']).toBeGreaterThanOrEqual(5);
    expect(many.some(({ closed }) => !closed)).toBe(true);
  });
});
