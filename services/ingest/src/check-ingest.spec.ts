import { openPostgresLog } from '@medshare/bus/postgres-log.driver';
import type { Bus } from '@medshare/bus';
import { startRelay, type Relay } from '@medshare/outbox';
import type { Finding } from '@medshare/role';
import { eventually, freshDatabase, type FreshDatabase } from '@medshare/testkit';
import { assembleIngest } from './assemble-ingest.js';
import { checkIngest } from './check-ingest.js';
import { CountingMetrics, openContext, settings, type IngestContext } from './fixture/ingest.fixture.js';
import { admission } from './fixture/mllp-client.fixture.js';

let fresh: FreshDatabase;
let context: IngestContext;
let closeContext: () => Promise<void>;
let bus: Bus;
let relay: Relay;
const check = async () => {
  const found: Finding[] = [];
  for await (const finding of checkIngest({ database: context.database, bus })) found.push(finding);
  return found.map(({ store, problem }) => `${store} ${problem}`);
};
const sql = (text: string) => context.database.query(text);
/** Breaks something, looks, and puts it right. */
const planted = async (harm: string, cure: string) => {
  await sql(harm);
  const found = await check();
  await sql(cure);
  return found;
};

beforeAll(async () => {
  fresh = await freshDatabase();
  ({ context, close: closeContext } = await openContext(fresh.url));
  const ingest = assembleIngest(context, settings(), new CountingMetrics());
  bus = await openPostgresLog({ url: fresh.url, pollEvery: 50 });
  relay = startRelay({ db: context.database, bus, pollEvery: 20 });
  await bus.subscribe({
    group: 'ingest',
    topic: 'message.accepted',
    handler: (each) => ingest.consumeAccepted.consume(each),
  });
  for (const id of ['A', 'B', 'C']) await ingest.receiveHl7v2.receive(Buffer.from(admission(id)), { via: 'mllp' });
  await eventually(async () => (await sql("SELECT 1 FROM message WHERE state = 'mapped'")).rowCount === 3);
  await eventually(async () => (await bus.lag()).every(({ lag }) => lag === 0));
}, 120_000);
afterAll(async () => {
  await relay.stop();
  await bus.close();
  await closeContext();
  await fresh.drop();
});

describe('fsck of ingest', () => {
  const first = '(SELECT id FROM message ORDER BY position LIMIT 1)';

  it('finds nothing where nothing is wrong', async () => {
    expect(await check()).toEqual([]);
  });

  it('names a message whose event was lost', async () => {
    const harm = `WITH gone AS (DELETE FROM inbox WHERE id = ${first}::text)
      UPDATE message SET state = 'accepted', received_at = now() - interval '1 hour' WHERE id = ${first}`;
    const cure = `WITH back AS (INSERT INTO inbox (consumer, id) SELECT '', ${first}::text)
      UPDATE message SET state = 'mapped' WHERE id = ${first}`;
    expect(await planted(harm, cure)).toEqual(['ingest.message ↔ bus missing']);
  });

  it('names a message that is done and not mapped, and one without its payload', async () => {
    const cure = `UPDATE message SET state = 'mapped' WHERE id = ${first}`;
    expect(await planted(`UPDATE message SET state = 'accepted' WHERE id = ${first}`, cure)).toEqual([
      'ingest.inbox ↔ ingest.message disagrees',
    ]);
    const harm = `UPDATE message SET state = 'accepted', payload = gen_random_uuid() WHERE id = ${first}`;
    expect(await planted(harm, cure)).toContain('ingest.message ↔ transit.payload missing');
  });

  it('names what stands twice', async () => {
    const record = `UPDATE message SET record_id = (SELECT record_id FROM message ORDER BY position DESC LIMIT 1) WHERE id = ${first}`;
    expect(await planted(record, `UPDATE message SET record_id = gen_random_uuid() WHERE id = ${first}`)).toEqual([
      'ingest.message doubled',
    ]);
    const twin = `INSERT INTO message (id, kind, feed, key, variant, content, patient_key, size, payload, received_at, state, record_id)
      SELECT gen_random_uuid(), kind, feed, key, 'again', content, patient_key, size, payload, received_at, state, gen_random_uuid() FROM message WHERE id = ${first}`;
    expect(await planted(twin, `DELETE FROM message WHERE variant = 'again'`)).toEqual(['ingest.message doubled']);
  });

  it('names an acknowledgement that is owed for nothing, forgotten, or says what is not so', async () => {
    const pair = 'ingest.reply ↔ ingest.message';
    const gone = `INSERT INTO reply (message_id, condition) VALUES (gen_random_uuid(), 'AL')`;
    expect(await planted(gone, 'DELETE FROM reply')).toEqual([`${pair} missing`]);
    const forgotten = `INSERT INTO reply (message_id, condition) VALUES (${first}, 'AL')`;
    expect(await planted(forgotten, 'DELETE FROM reply')).toEqual([`${pair} disagrees`]);
    const untrue = `WITH told AS (INSERT INTO reply (message_id, condition, state, code) VALUES (${first}, 'AL', 'delivered', 'AA'))
      UPDATE message SET state = 'accepted' WHERE id = ${first}`;
    const cure = `WITH gone AS (DELETE FROM reply) UPDATE message SET state = 'mapped' WHERE id = ${first}`;
    expect(await planted(untrue, cure)).toContain(`${pair} disagrees`);
    const right = `INSERT INTO reply (message_id, condition, state, code) VALUES (${first}, 'AL', 'delivered', 'AA')`;
    expect(await planted(right, 'DELETE FROM reply')).toEqual([]);
  });

  it('names a parked event without a message, and a record that is not named', async () => {
    const harm = `INSERT INTO inbox_parked (consumer, id, topic, key, headers, value, code) VALUES ('', 'x', 'message.accepted', 'k', '{}', '{}', 'internal')`;
    expect(await planted(harm, 'DELETE FROM inbox_parked')).toEqual(['ingest.inbox_parked ↔ ingest.message missing']);
    const { rows } = await context.database.query<{ r: string }>(
      `SELECT record_id AS r FROM message WHERE id = ${first}`,
    );
    const unnamed = `UPDATE message SET record_id = NULL WHERE id = ${first}`;
    expect(await planted(unnamed, `UPDATE message SET record_id = '${rows[0]?.r}' WHERE id = ${first}`)).toEqual([
      'ingest.message ↔ ingest.inbox disagrees',
    ]);
  });

  describe('looks at what webhooks keep, and', () => {
    const fetch = 'ingest.webhook_fetch';
    const cure = 'DELETE FROM webhook_fetch';
    /** A subscription of which ten events were heard, 3 to 4 and 7 to be fetched; and what a test changes. */
    const gaps = (...more: string[]) =>
      [
        `INSERT INTO webhook_subscription (feed, subscription, last_event, status, heard_at) VALUES ('his', 's', 10, 'active', now())
           ON CONFLICT DO NOTHING`,
        gap(3, 4),
        gap(7, 7),
        `INSERT INTO webhook_fetch (id, feed, kind, made_at, next_at) VALUES (gen_random_uuid(), 'his', 'search', now(), now())`,
        ...more,
      ].join(';');
    const gap = (first: number, last: number, subscription = 's') =>
      `INSERT INTO webhook_fetch (id, feed, kind, subscription, first_event, last_event, made_at, next_at)
         VALUES (gen_random_uuid(), 'his', 'events', '${subscription}', ${first}, ${last}, now(), now())`;
    const change = (set: string) => `UPDATE webhook_fetch SET ${set} WHERE first_event = 7`;

    it('finds nothing in gaps as notifications leave them', async () => {
      expect(await planted(gaps(), cure)).toEqual([]);
      // numbers that are void since the source began again
      expect(await planted(gaps(change('subscription = NULL')), cure)).toEqual([]);
    });

    it.each([
      [
        'events of a subscription that nothing was heard of',
        gap(1, 1, 'unheard'),
        `${fetch} ↔ ingest.webhook_subscription missing`,
      ],
      ['events that the source has not told of', gap(11, 12), `${fetch} ↔ ingest.webhook_subscription disagrees`],
      ['a gap without numbers', change('first_event = NULL, last_event = NULL'), `${fetch} disagrees`],
      ['a gap that ends before it begins', change('last_event = 6'), `${fetch} disagrees`],
      ['a search with numbers', change(`kind = 'search'`), `${fetch} disagrees`],
      ['the same event in two gaps', gap(4, 5), `${fetch} doubled`],
      ['a name that is not here', change('payload = gen_random_uuid()'), `${fetch} ↔ transit.payload missing`],
      ['what waits for a person without a reason', change(`state = 'failed'`), `${fetch} disagrees`],
    ])('names %s', async (_, harm, finding) => {
      expect(await planted(gaps(harm), cure)).toEqual([finding]);
    });
  });
});
