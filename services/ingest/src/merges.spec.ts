import fc from 'fast-check';
import type { BusMessage } from '@medshare/bus';
import type { EventOf } from '@medshare/events';
import { fenceOf } from '@medshare/outbox';
import { freshDatabase, type FreshDatabase } from '@medshare/testkit';
import { assembleIngest, type Ingest } from './assemble-ingest.js';
import { CountingMetrics, openContext, settings, type IngestContext } from './fixture/ingest.fixture.js';
import { admission, codeOf, MllpClient } from './fixture/mllp-client.fixture.js';
import { MllpServer } from './entry/mllp-server.js';

let fresh: FreshDatabase;
let context: IngestContext;
let closeContext: () => Promise<void>;
let ingest: Ingest;
let server: MllpServer;

beforeAll(async () => {
  fresh = await freshDatabase();
  ({ context, close: closeContext } = await openContext(fresh.url, 6));
  const metrics = new CountingMetrics();
  const config = settings();
  ingest = assembleIngest(context, config, metrics);
  server = new MllpServer(config.mllp, ingest, { ...context, metrics });
  await server.listen();
}, 120_000);
afterAll(async () => {
  await server.stop();
  await closeContext();
  await fresh.drop();
});

/** An admission that names the region's number and a local one. */
const both = (id: string, citizen: string, local: string) => admission(id, `${local}^^^HARBOR^MR~${citizen}`);
/** A merge as a HIS sends it: local numbers only, the second one goes away. */
const merge = (id: string, kept: string, gone: string, trigger = 'A40') =>
  [
    `MSH|^~\\&|HIS|HARBOR|MEDSHARE|HARBOR|20260105091500+0800||ADT^${trigger}^ADT_A39|${id}|P|2.5.1||||||UNICODE UTF-8`,
    `EVN|${trigger}|20260105091200+0800`,
    `PID|1||${kept}^^^HARBOR^MR||Lin^Mei||19850317|F`,
    `MRG|${gone}^^^HARBOR^MR`,
    '',
  ].join('\r');
/** Two patients in one result: acknowledged, and never a record. */
const unmappable = (id: string, patient: string) =>
  admission(id, patient)
    .replace('ADT^A01^ADT_A01', 'ORU^R01^ORU_R01')
    .replace(/EVN[^\r]*\r/, '') +
  'OBR|1|||1^x^L\rOBX|1|NM|2^y^L||5||||||F\r' +
  'PID|1||E-OTHER^^^EAST&urn:medshare:east:citizen&URI^NI||Berg^Jonas||19850317|M\rOBR|1|||1^x^L\rOBX|1|NM|2^y^L||5||||||F\r';

/** Sends over one connection, which promises its order; tells what each became. */
async function send(...messages: string[]): Promise<string[]> {
  const { rows } = await context.database.query<{ top: string }>(
    'SELECT coalesce(max(position), 0) AS top FROM message',
  );
  const client = await MllpClient.to(server.port);
  for (const message of messages) client.send(message);
  await client.answer(messages.length - 1);
  client.end();
  expect(client.heard.map(codeOf)).toEqual(messages.map(() => 'AA'));
  const stored = await context.database.query<{ id: string }>(
    'SELECT id FROM message WHERE position > $1 ORDER BY position',
    [rows[0]?.top],
  );
  return stored.rows.map(({ id }) => id);
}

/** Consumes what is accepted, stream by stream in an order of dice, until nothing is left. */
async function consumeAll(dice: readonly number[], strip = false): Promise<string[]> {
  const queues = new Map<string, BusMessage[]>();
  const order: string[] = [];
  let turn = 0;
  for (;;) {
    const { rows } = await context.database.query<BusMessage & { headers: string; value: string }>(
      `WITH gone AS (DELETE FROM outbox WHERE topic = 'message.accepted' RETURNING *) SELECT * FROM gone ORDER BY seq`,
    );
    for (const row of rows) {
      const parsed = { ...row, headers: JSON.parse(row.headers), value: JSON.parse(row.value) } as BusMessage;
      const message = strip ? { ...parsed, headers: { version: '1' } } : parsed;
      if (strip && message.id.startsWith('fence/')) continue;
      queues.set(message.key, [...(queues.get(message.key) ?? []), message]);
    }
    const ready = [...queues.keys()].filter((key) => queues.get(key)?.length).sort();
    if (ready.length === 0) return order;
    const key = ready[(dice[turn++ % dice.length] ?? 0) % ready.length] as string;
    const next = queues.get(key)?.shift();
    if (!next) continue;
    const before = await mappedIds();
    await ingest.consumeAccepted.consume(next);
    for (const id of await mappedIds()) if (!before.has(id)) order.push(id);
  }
}

const mappedIds = async () =>
  new Set(
    (await context.database.query<{ id: string }>("SELECT id FROM message WHERE state = 'mapped'")).rows.map(
      ({ id }) => id,
    ),
  );

describe('a merge over MLLP', () => {
  let serial = 0;
  const next = () => `M-${(serial += 1)}`;

  /** Two patients known by both of their numbers, a merge by the local ones, and one more message of each. */
  const story = async () => {
    const [a, b, c] = [next(), next(), next()];
    const ids = await send(
      both(next(), `E-${a}`, `L-${a}`),
      both(next(), `E-${b}`, `L-${b}`),
      both(next(), `E-${b}`, `L-${b}`),
      merge(next(), `L-${a}`, `L-${b}`),
      both(next(), `E-${a}`, `L-${a}`),
      both(next(), `E-${b}`, `L-${b}`),
      both(next(), `E-${c}`, `L-${c}`),
    );
    return ids;
  };
  const dice = fc.array(fc.nat(), { minLength: 8, maxLength: 24 });
  const inOrder = (ids: readonly string[], order: readonly string[]) => {
    const at = (n: number) => order.indexOf(ids[n] as string);
    const merged = at(3);
    return order.length === 7 && [0, 1, 2].every((n) => at(n) < merged) && [4, 5].every((n) => at(n) > merged);
  };

  it('is mapped after all earlier messages of both patients, and before all later ones, in any interleaving', async () => {
    await fc.assert(
      fc.asyncProperty(dice, async (thrown) => {
        const ids = await story();
        expect(inOrder(ids, await consumeAll(thrown))).toBe(true);
      }),
      { numRuns: wholeHunts ? 15 : 5, seed: 40 },
    );
  }, 120_000);

  it('overtakes and is overtaken without its fence: the hunt finds that', async () => {
    const { failed } = await fc.check(
      fc.asyncProperty(dice, async (thrown) => inOrder(await story(), await consumeAll(thrown, true))),
      { numRuns: 15, seed: 40, endOnFailure: true },
    );
    expect(failed).toBe(true);
  }, 120_000);

  it('waits while one of the two is parked, and both go on when that is given up', async () => {
    const [a, b] = [next(), next()];
    const ids = await send(
      both(next(), `E-${a}`, `L-${a}`),
      both(next(), `E-${b}`, `L-${b}`),
      unmappable(next(), `E-${b}`),
      merge(next(), `L-${a}`, `L-${b}`),
      both(next(), `E-${a}`, `L-${a}`),
    );
    expect(await consumeAll([1, 2, 3])).toHaveLength(2);
    const parked = await context.inbox.parked.find({ limit: 20 });
    expect(parked.find(({ id }) => id === ids[4])?.state).toBe('waiting');
    await context.inbox.parked.skip(ids[2] as string, 'two patients');
    expect(await consumeAll([3, 1, 2])).toEqual([ids[3], ids[4]]);
    expect(await context.inbox.parked.find({ limit: 20 })).toEqual([]);
  });

  it('is an event in every stream that it joins, and a fact of the audit log; its record fences them, too', async () => {
    const [a, b] = [next(), next()];
    const ids = await send(
      both(next(), `E-${a}`, `L-${a}`),
      both(next(), `E-${b}`, `L-${b}`),
      merge(next(), `L-${a}`, `L-${b}`),
    );
    await context.database.query('DELETE FROM outbox WHERE topic <> $1', ['message.accepted']);
    await consumeAll([0, 1]);
    const { rows } = await context.database.query<{
      topic: string;
      id: string;
      key: string;
      headers: string;
      value: string;
    }>("SELECT topic, id, key, headers, value FROM outbox WHERE topic <> 'message.accepted' ORDER BY seq");
    const streams = await context.database.query<{ patient_key: string }>(
      'SELECT DISTINCT patient_key FROM message WHERE id = ANY($1::uuid[])',
      [ids],
    );
    const keys = streams.rows.map((row) => row.patient_key);
    expect(keys).toHaveLength(3);
    const linked = rows.filter(({ topic }) => topic === 'patient.linked');
    expect(new Set(linked.map(({ key }) => key))).toEqual(new Set([...keys, localKey(`L-${b}`)]));
    const value = JSON.parse(linked[0]?.value ?? '{}') as EventOf<'patient.linked'>;
    expect([value.kind, value.messageId]).toEqual(['merge', ids[2]]);
    const records = rows.filter(
      ({ topic, value: text }) => topic === 'record.received' && text.includes(ids[2] as string),
    );
    expect(records).toHaveLength(linked.length);
    expect(records.every(({ headers }) => fenceOf({ headers: JSON.parse(headers) as Record<string, string> }))).toBe(
      true,
    );
    expect(rows.filter(({ value: text }) => text.includes('"patient.linked"'))).toHaveLength(1);
  });

  const localKey = (local: string) =>
    ingest.hashes.patient({ system: undefined, value: local, assigner: 'HARBOR' }, 'his');

  it.each([
    ['A18', 'merge'],
    ['A34', 'merge'],
    ['A43', 'move'],
    ['A47', 'change'],
  ])('%s fences as a %s', async (trigger, kind) => {
    const [a, b] = [next(), next()];
    await send(merge(next(), `L-${a}`, `L-${b}`, trigger));
    const { rows } = await context.database.query<{ n: number }>(
      `SELECT count(*)::int n FROM outbox WHERE topic = 'message.accepted'`,
    );
    expect(rows[0]?.n).toBe(2);
    const [accepted] = (
      await context.database.query<{ payload: string }>('SELECT payload FROM message ORDER BY position DESC LIMIT 1')
    ).rows;
    expect((await context.transit.get(accepted!.payload)).header).toMatchObject({ link: kind });
    await consumeAll([0]);
  });

  it('of more patients than can be held together is refused before it is acknowledged', async () => {
    const client = await MllpClient.to(server.port);
    const many = Array.from({ length: 40 }, (_, n) => `L-${n}^^^HARBOR^MR`).join('~');
    const answer = await client.ask(merge(next(), many, 'L-x'));
    client.end();
    expect([codeOf(answer), answer]).toEqual(['AR', expect.stringContaining('hl7.too-many')]);
  });
});
