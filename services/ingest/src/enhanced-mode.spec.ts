import { openPostgresLog } from '@medshare/bus/postgres-log.driver';
import type { Bus } from '@medshare/bus';
import { acknowledge, parseMessage } from '@medshare/hl7';
import { startRelay, type Relay } from '@medshare/outbox';
import { textOf } from '@medshare/problems';
import { eventually, freshDatabase, type FreshDatabase } from '@medshare/testkit';
import { assembleIngest, type Ingest } from './assemble-ingest.js';
import { MllpServer } from './entry/mllp-server.js';
import { CountingMetrics, openContext, settings, type IngestContext } from './fixture/ingest.fixture.js';
import { admission, asking, codeOf, idOf, MllpClient } from './fixture/mllp-client.fixture.js';
import { ReplyListener } from './fixture/reply-listener.fixture.js';
import type { ReplyAddress } from './ingest.config.js';

interface Hospital {
  readonly ingest: Ingest;
  readonly context: IngestContext;
  readonly metrics: CountingMetrics;
  readonly port: number;
  close(): Promise<void>;
}

async function hospital(fresh: FreshDatabase, applicationAck?: ReplyAddress, feed = {}): Promise<Hospital> {
  const { context, close } = await openContext(fresh.url, 8);
  const config = settings({ ...(applicationAck && { applicationAck }), ...feed });
  const metrics = new CountingMetrics();
  const ingest = assembleIngest(context, config, metrics);
  const server = new MllpServer(config.mllp, ingest, { ...context, metrics });
  await server.listen();
  const bus: Bus = await openPostgresLog({ url: fresh.url, pollEvery: 20 });
  const relay: Relay = startRelay({ db: context.database, bus, pollEvery: 20 });
  const handler = ingest.consumeAccepted.consume.bind(ingest.consumeAccepted);
  await bus.subscribe({ group: 'ingest', topic: 'message.accepted', handler });
  ingest.deliverReplies.start();
  return {
    ingest,
    context,
    metrics,
    port: server.port,
    close: async () => {
      const delivering = ingest.deliverReplies.stop();
      await server.stop();
      await delivering;
      await relay.stop();
      await bus.close();
      await close();
    },
  };
}

const stateOf = async ({ context }: Hospital, code?: string): Promise<string[]> =>
  (
    await context.database.query<{ state: string }>('SELECT state FROM reply WHERE $1::text IS NULL OR code = $1', [
      code ?? null,
    ])
  ).rows.map(({ state }) => state);

let fresh: FreshDatabase;
let place: Hospital;
beforeEach(async () => {
  fresh = await freshDatabase();
}, 120_000);
afterEach(async () => {
  await place?.close();
  await fresh.drop();
});

describe('enhanced mode on one connection', () => {
  it('answers CA when durable, then AA when mapped, as MSH-15 and MSH-16 ask', async () => {
    place = await hospital(fresh);
    const client = await MllpClient.to(place.port);
    client.send(asking('BOTH', 'AL', 'AL'));
    await client.answer(1);
    expect(client.heard.map((ack) => [codeOf(ack), idOf(ack)])).toEqual([
      ['CA', 'BOTH'],
      ['AA', 'BOTH'],
    ]);
    // the later one has an id of its own and asks for nothing
    expect(parseMessage(Buffer.from(client.heard[1]!)).text('MSH-15')).toBe('NE');
    client.send(asking('LATER', 'NE', 'SU'));
    expect([codeOf(await client.answer(2)), idOf(client.heard[2]!)]).toEqual(['AA', 'LATER']);
    client.send(asking('NOTHING', 'NE', 'NE'));
    client.send(asking('ERRORS', 'ER', 'ER'));
    client.send(asking('LAST', 'SU', 'NE'));
    expect([codeOf(await client.answer(3)), idOf(client.heard[3]!)]).toEqual(['CA', 'LAST']);
    await eventually(async () => (await stateOf(place)).filter((state) => state === 'waiting').length === 0);
    expect((await stateOf(place)).sort()).toEqual(['delivered', 'delivered', 'unwanted']);
    expect(client.heard).toHaveLength(4);
    expect(place.metrics.counts).toMatchObject({ 'replied connection': 2, 'replies due': 0 });
  });

  it('refuses with CE and CR; where only errors of the application are wanted, with AE at once; or not at all', async () => {
    place = await hospital(fresh);
    const client = await MllpClient.to(place.port);
    const bad = (id: string, ...ask: [string, string]) => asking(id, ...ask).replace('19850317', '19859999');
    client.send(bad('1', 'AL', 'NE'));
    client.send(bad('2', 'ER', 'AL').replace('ADT^A01^ADT_A01', 'ZZZ^Z01'));
    client.send(bad('3', 'NE', 'AL'));
    client.send(bad('4', 'SU', 'SU'));
    client.send(bad('5', 'NE', 'NE'));
    client.send(asking('6', 'XX', 'NE'));
    await client.answer(3);
    expect(client.heard.map((ack) => [codeOf(ack), idOf(ack)])).toEqual([
      ['CE', '1'],
      ['CR', '2'],
      ['AE', '3'],
      ['CE', '6'],
    ]);
    expect(client.heard[0]).toMatch(/\rERR\|\|PID\^1\^7\|102/);
    expect(client.heard[3]).toMatch(/\rERR\|\|MSH\^1\^15\^1\^1\|103|\rERR\|\|MSH\^1\^15\|103/);
    const { rows } = await place.context.database.query('SELECT 1 FROM refusal');
    expect(rows).toHaveLength(6);
    expect(await stateOf(place)).toEqual([]);
  });

  it('is not heeded where it was agreed that it means nothing', async () => {
    place = await hospital(fresh, undefined, { acknowledgements: 'original' });
    const client = await MllpClient.to(place.port);
    expect(codeOf(await client.ask(asking('O-1', 'AL', 'AL')))).toBe('AA');
    expect(codeOf(await client.ask(asking('O-2', 'NE', 'NE').replace('19850317', '19859999')))).toBe('AE');
    expect(await stateOf(place)).toEqual([]);
  });

  it('asks for the sender’s own acknowledgement when that is agreed, and never answers one', async () => {
    const nobody = { host: '127.0.0.1', port: 1, acceptAck: true };
    place = await hospital(fresh, nobody);
    const client = await MllpClient.to(place.port);
    client.send(asking('ASKED', 'NE', 'AL'));
    const ack = parseMessage(Buffer.from(await client.answer(0)));
    expect([ack.text('MSA-1'), ack.text('MSH-15'), ack.text('MSH-16')]).toEqual(['AA', 'AL', 'NE']);
    expect(await stateOf(place)).toEqual(['due']);
    client.send(acknowledge(ack, { code: 'CA', time: 0, controlId: 'own' }));
    await eventually(async () => (await stateOf(place))[0] === 'delivered');
    expect(codeOf(await client.ask(admission('NEXT')))).toBe('AA');
    expect(client.heard).toHaveLength(2);
  });
});

describe('the application acknowledgement', () => {
  it('is AE with the reason when the message is parked', async () => {
    place = await hospital(fresh);
    // what passes every check and cannot be mapped: the payload is gone
    const original = place.context.transit.get.bind(place.context.transit);
    place.context.transit.get = (ref) =>
      original(ref).then((payload) => {
        throw Object.assign(new Error('unmappable'), { payload });
      });
    const client = await MllpClient.to(place.port);
    client.send(asking('PARKED', 'AL', 'ER'));
    expect(codeOf(await client.answer(0))).toBe('CA');
    await eventually(async () => (await stateOf(place, 'AE')).length === 1);
    place.context.transit.get = original;
    const later = await client.answer(1);
    expect([codeOf(later), idOf(later)]).toEqual(['AE', 'PARKED']);
    expect(later).toMatch(/\rERR\|.*\|207\^/);
  });

  it.each([
    ['in the feed’s language', 'UNICODE UTF-8', textOf('patient.ambiguous', 'zh').title],
    ['in English where the message’s character set has no Chinese', '8859/1', textOf('patient.ambiguous', 'en').title],
  ])('says why %s', async (_, charset, title) => {
    place = await hospital(fresh, undefined, { language: 'zh' });
    const client = await MllpClient.to(place.port);
    // acknowledged, and of two patients: never a record
    const result = 'OBR|1|||1^x^L\rOBX|1|NM|2^y^L||5||||||F\r';
    const other = 'PID|1||E-8^^^EAST&urn:medshare:east:citizen&URI^NI||Berg^Jonas||19850317|M\r';
    const two = asking('TWO', 'AL', 'AL')
      .replace('ADT^A01^ADT_A01', 'ORU^R01^ORU_R01')
      .replace(/EVN[^\r]*\r/, '');
    client.send(`${two}${result}${other}${result}`.replace('UNICODE UTF-8', charset));
    const later = await client.answer(1);
    expect(client.heard.map((ack) => [codeOf(ack), idOf(ack)])).toEqual([
      ['CA', 'TWO'],
      ['AE', 'TWO'],
    ]);
    expect(parseMessage(Buffer.from(later)).text('ERR-8')).toBe(title);
    expect(title).toMatch(charset === '8859/1' ? /^[ -~]+$/ : /^\p{Script=Han}/u);
    await eventually(async () => (await stateOf(place))[0] === 'delivered');
  });

  it('goes to the address of its feed once the connection is gone, again and again until it is accepted', async () => {
    const listener = await ReplyListener.open();
    listener.answer = undefined;
    place = await hospital(fresh, { host: '127.0.0.1', port: listener.port, acceptAck: true });
    const client = await MllpClient.to(place.port);
    client.send(asking('GONE', 'NE', 'AL'));
    client.socket.end();
    await eventually(() => listener.heard.length >= 1, { timeout: 20_000 });
    expect(await stateOf(place)).toEqual(['due']);
    listener.answer = 'CE';
    await eventually(() => listener.heard.length >= 2, { timeout: 20_000 });
    listener.answer = 'CA';
    await eventually(async () => (await stateOf(place))[0] === 'delivered', { timeout: 20_000 });
    const ids = new Set(listener.heard.map((ack) => parseMessage(Buffer.from(ack)).controlId));
    expect([ids.size, new Set(listener.heard.map(idOf))]).toEqual([1, new Set(['GONE'])]);
    listener.close();
  }, 60_000);

  it('is told again to who sends the message again', async () => {
    place = await hospital(fresh);
    const first = await MllpClient.to(place.port);
    first.send(asking('AGAIN', 'AL', 'AL'));
    await first.answer(1);
    first.end();
    const second = await MllpClient.to(place.port);
    second.send(asking('AGAIN', 'AL', 'AL'));
    await second.answer(1);
    expect(second.heard.map(codeOf)).toEqual(['CA', 'AA']);
    expect(parseMessage(Buffer.from(second.heard[1]!)).controlId).toBe(
      parseMessage(Buffer.from(first.heard[1]!)).controlId,
    );
  });

  it('is given up after a day, visibly', async () => {
    place = await hospital(fresh);
    const client = await MllpClient.to(place.port);
    client.send(asking('LOST', 'NE', 'AL'));
    client.end();
    await eventually(async () => (await stateOf(place))[0] === 'due');
    await place.context.database.query(
      `UPDATE reply SET give_up_at = now() - interval '1 s', next_at = now(), connection = NULL`,
    );
    await eventually(async () => (await stateOf(place))[0] === 'failed');
    await place.ingest.deliverReplies.deliverDue();
    expect(place.metrics.counts['replies failed']).toBe(1);
  });
});
