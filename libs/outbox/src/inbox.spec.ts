import type { BusMessage } from '@medshare/bus';
import { openPostgresLog } from '@medshare/bus/postgres-log.driver';
import { migrate, openDatabase, openListener, type Database, type Tx } from '@medshare/database';
import { problem } from '@medshare/problems';
import { eventually, freshDatabase, seededRandom, type FreshDatabase } from '@medshare/testkit';
import { Inbox, outboxMigrations, startRelay } from './index.js';

const random = seededRandom('inbox');
const message = (key: string, n: number, topic = 'record.received'): BusMessage => ({
  id: random.uuid(),
  topic,
  key,
  headers: {},
  value: { n },
});
const nOf = (of: BusMessage) => (of.value as { n: number }).n;

let fresh: FreshDatabase;
let db: Database;
const parked: string[] = [];
let inbox: Inbox;

beforeEach(async () => {
  fresh = await freshDatabase();
  await migrate(fresh.url, 'vault', [outboxMigrations]);
  db = openDatabase({ url: fresh.url, schema: 'vault', max: 6 });
  await db.query('CREATE TABLE effect (seq serial, n int)');
  parked.length = 0;
  inbox = new Inbox({ database: db, pause: 1, onParked: ({ code }) => parked.push(code) });
}, 120_000);
afterEach(async () => {
  await db.close();
  await fresh.drop();
});

const write = (n: number) => (tx: Tx) => tx.query('INSERT INTO effect (n) VALUES ($1)', [n]);
const effects = async () => (await db.query<{ n: number }>('SELECT n FROM effect ORDER BY seq')).rows.map(({ n }) => n);
const failing = () => Promise.reject(problem('record.unmappable', { where: 'PID-3', detail: 'secret of Mei' }));

describe('the inbox', () => {
  it('has one effect of an event, however often and at once it comes', async () => {
    const event = message('k', 1);
    await Promise.all(Array.from({ length: 8 }, () => inbox.consume(event, write(1))));
    await inbox.consume(event, write(1));
    expect(await effects()).toEqual([1]);
    await inbox.consume(event, write(2), { consumer: 'other' });
    expect(await effects()).toEqual([1, 2]);
  });

  it('tries again, and leaves nothing of the failed attempts', async () => {
    let tries = 0;
    await inbox.consume(message('k', 1), async (tx) => {
      await write(1)(tx);
      if (++tries < 3) throw new Error('now and then');
    });
    expect([await effects(), tries, parked]).toEqual([[1], 3, []]);
  });

  it('parks what fails for good, with the code and the place and no content, and its key behind it', async () => {
    const [bad, behind, other] = [message('k', 1), message('k', 2), message('other', 3)];
    await inbox.consume(bad, failing);
    await inbox.consume(behind, write(2));
    await inbox.consume(behind, write(2));
    await inbox.consume(other, write(3));
    expect(await effects()).toEqual([3]);
    const list = await inbox.listParked();
    expect(list).toEqual([
      expect.objectContaining({ id: bad.id, key: 'k', state: 'parked', code: 'record.unmappable', where: 'PID-3' }),
      expect.objectContaining({ id: behind.id, key: 'k', state: 'parked', code: 'event.parked', where: null }),
    ]);
    expect(JSON.stringify(list)).not.toContain('Mei');
    expect(await Promise.all([bad, behind, other].map(({ id }) => inbox.parked.has(id)))).toEqual([true, true, false]);
    expect(parked).toEqual(['record.unmappable', 'event.parked']);
  });

  it.each([
    'storage.unavailable',
    'peer.unavailable',
    'ledger.unavailable',
    'bus.unavailable',
    'audit.unavailable',
    'ledger.conflict',
  ] as const)('leaves %s to the bus', async (code) => {
    const event = message('k', 1);
    await expect(inbox.consume(event, () => Promise.reject(problem(code)))).rejects.toMatchObject({ code });
    expect(await inbox.listParked()).toEqual([]);
    await inbox.consume(event, write(1));
    expect(await effects()).toEqual([1]);
  });

  it('refuses to park without bound: the bus keeps the event', async () => {
    const small = new Inbox({ database: db, pause: 1, maxParkedOfKey: 2, maxParked: 3 });
    await small.consume(message('k', 1), failing);
    await small.consume(message('k', 2), write(2));
    await expect(small.consume(message('k', 3), write(3))).rejects.toMatchObject({ code: 'event.parked' });
    await small.consume(message('l', 4), failing);
    await expect(small.consume(message('m', 5), failing)).rejects.toMatchObject({ code: 'event.parked' });
    expect(await small.listParked()).toHaveLength(3);
  });

  it('skips with a reason: the event counts as done, and what waited behind it is on its way again', async () => {
    const [bad, behind, other] = [message('k', 1), message('k', 2), message('l', 3)];
    await inbox.consume(bad, failing);
    await inbox.consume(behind, write(2));
    await expect(inbox.parked.skip(bad.id, ' ')).rejects.toMatchObject({ code: 'request.invalid' });
    expect(await inbox.parked.skip(bad.id, 'sent by mistake')).toBe(true);
    expect(await inbox.parked.skip(bad.id, 'again')).toBe(false);
    await expect(inbox.parked.skip(other.id, 'never parked')).rejects.toMatchObject({ code: 'request.not-found' });
    await inbox.consume(bad, write(1));
    expect(await effects()).toEqual([]);
    expect((await inbox.listParked()).map(({ id, state }) => [id, state])).toEqual([[behind.id, 'replaying']]);
    const { rows: sent } = await db.query('SELECT id FROM outbox');
    expect(sent).toEqual([{ id: behind.id }]);
    await inbox.consume(behind, write(2));
    expect([await effects(), await inbox.listParked()]).toEqual([[2], []]);
    const { rows } = await db.query('SELECT id, code, reason FROM inbox_skipped');
    expect(rows).toEqual([{ id: bad.id, code: 'record.unmappable', reason: 'sent by mistake' }]);
  });

  it('forgets old ids when told', async () => {
    await inbox.consume(message('k', 1), write(1));
    expect(await inbox.forgetBefore(Date.now() - 60_000)).toBe(0);
    expect(await inbox.forgetBefore(Date.now() + 60_000)).toBe(1);
  });
});

describe('a parked key on the bus', () => {
  const open = async (handle: (got: BusMessage) => (tx: Tx) => Promise<unknown>) => {
    const notify = openListener(fresh.url);
    const bus = await openPostgresLog({ url: fresh.url, listener: notify, pollEvery: 100 });
    const relay = startRelay({ db, bus, notify, pollEvery: 100 });
    await bus.subscribe({
      group: 'vault',
      topic: 'record.received',
      handler: (got) => inbox.consume(got, handle(got)),
    });
    const close = async () => {
      await relay.stop();
      await bus.close();
      await notify.close();
    };
    return { bus, close };
  };

  it('is replayed in order, with what came meanwhile, and parked again when it still fails', async () => {
    let broken = true;
    const { bus, close } = await open((got) => (broken && nOf(got) === 2 ? failing : write(nOf(got))));
    for (const n of [1, 2, 3, 4]) await bus.publish([message('k', n)]);
    await eventually(async () => (await inbox.listParked()).length === 3);
    expect(await effects()).toEqual([1]);

    expect(await inbox.parked.replayKey('k')).toBe(3);
    await eventually(
      async () => (await inbox.listParked()).every(({ state }) => state === 'parked') && parked.length === 4,
    );
    expect([await effects(), (await inbox.listParked()).map(({ code }) => code)]).toEqual([
      [1],
      ['record.unmappable', 'event.parked', 'event.parked'],
    ]);

    broken = false;
    const replaying = inbox.parked.replayKey('k');
    for (const n of [5, 6, 7]) await bus.publish([message('k', n)]);
    await replaying;
    await eventually(async () => (await effects()).length === 7);
    expect(await effects()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(await inbox.listParked()).toEqual([]);
    expect(await inbox.parked.replayKey('k')).toBe(0);
    await close();
  });
});
