import type { BusMessage } from '@medshare/bus';
import { migrate, openDatabase, openListener, type Database } from '@medshare/database';
import { eventually, freshDatabase, seededRandom, type FreshDatabase } from '@medshare/testkit';
import fc from 'fast-check';
import { Outbox, outboxMigrations, startRelay } from './index.js';

const random = seededRandom('outbox');
const message = (key: string, n: number): BusMessage => ({
  id: random.uuid(),
  topic: 'record.sealed',
  key,
  headers: { version: '1' },
  value: { n },
});
const nOf = (of: BusMessage) => (of.value as { n: number }).n;

let fresh: FreshDatabase;
let db: Database;
const outbox = new Outbox();

beforeAll(async () => {
  fresh = await freshDatabase();
  await migrate(fresh.url, 'vault', [outboxMigrations]);
  db = openDatabase({ url: fresh.url, schema: 'vault', max: 12 });
}, 120_000);
beforeEach(() => db.query('TRUNCATE outbox'));
afterAll(async () => {
  await db.close();
  await fresh.drop();
});

/** a bus that remembers, and fails when told to */
const memoryBus = () => {
  const published: BusMessage[] = [];
  const state = { failures: 0, slow: 0 };
  const publish = async (messages: readonly BusMessage[]) => {
    if (state.slow) await new Promise((resolve) => setTimeout(resolve, state.slow));
    if (state.failures-- > 0) throw new Error('bus away');
    published.push(...messages);
  };
  return { published, state, publish };
};
const left = async () => (await db.query<{ n: number }>('SELECT count(*)::int n FROM outbox')).rows[0]?.n;

describe('the outbox', () => {
  it('holds events exactly when their transaction commits', async () => {
    await db.transaction((tx) => outbox.append(tx, [message('k', 1)]));
    await db
      .transaction(async (tx) => {
        await outbox.append(tx, [message('k', 2)]);
        throw new Error('undone');
      })
      .catch(() => undefined);
    expect(await left()).toBe(1);
    await db.transaction((tx) => outbox.append(tx, []));
    expect(await left()).toBe(1);
  });

  it('refuses at once what the bus would refuse later', async () => {
    const big = { ...message('k', 1), value: 'x'.repeat(70_000) };
    await expect(db.transaction((tx) => outbox.append(tx, [message('k', 0), big]))).rejects.toMatchObject({
      code: 'request.too-large',
    });
    expect(await left()).toBe(0);
  });

  it('reaches the bus whole and in order, woken at once', async () => {
    const bus = memoryBus();
    const notify = openListener(fresh.url);
    const relay = startRelay({ db, bus, notify, pollEvery: 60_000 });
    const events = Array.from({ length: 1_234 }, (_, n) => message(`k${n % 9}`, n));
    await db.transaction((tx) => outbox.append(tx, events));
    await eventually(() => bus.published.length === 1_234, { timeout: 5_000 });
    expect(bus.published).toEqual(events);
    await eventually(async () => (await left()) === 0);
    await Promise.all([relay.stop(), notify.close()]);
  });

  it('is polled where no wake comes', async () => {
    const bus = memoryBus();
    const relay = startRelay({ db, bus, pollEvery: 30 });
    await db.transaction((tx) => outbox.append(tx, [message('k', 1)]));
    await eventually(() => bus.published.length === 1);
    await relay.stop();
  });

  it('keeps what the bus did not take, and tells', async () => {
    const bus = memoryBus();
    bus.state.failures = 3;
    const errors: unknown[] = [];
    const relay = startRelay({ db, bus, pollEvery: 10, onError: (caught) => errors.push(caught) });
    await db.transaction((tx) => outbox.append(tx, [message('k', 1), message('k', 2)]));
    await eventually(() => bus.published.length === 2);
    expect([errors.length, bus.published.map(nOf)]).toEqual([3, [1, 2]]);
    await relay.stop();
  });

  it('moves an event once though several replicas are at it', async () => {
    const bus = memoryBus();
    bus.state.slow = 5;
    const replica = openDatabase({ url: fresh.url, schema: 'vault' });
    const relays = [db, replica, replica].map((each) => startRelay({ db: each, bus, pollEvery: 5, batch: 20 }));
    for (let from = 0; from < 300; from += 10) {
      await db.transaction((tx) =>
        outbox.append(
          tx,
          Array.from({ length: 10 }, (_, i) => message(`k${i % 3}`, from + i)),
        ),
      );
    }
    await eventually(async () => bus.published.length >= 300 && (await left()) === 0);
    expect(bus.published.map(nOf)).toEqual(Array.from({ length: 300 }, (_, n) => n));
    await Promise.all(relays.map((relay) => relay.stop()));
    await replica.close();
  });
});

describe('events of one key', () => {
  /** the order in which transactions wrote to a key's row, which their events must keep */
  const race = async (
    append: (tx: Parameters<Parameters<Database['transaction']>[0]>[0], event: BusMessage) => Promise<void>,
  ) => {
    await db.query('CREATE TABLE IF NOT EXISTS written (seq serial, key text, n int)');
    await db.query('TRUNCATE written');
    const bus = memoryBus();
    const relay = startRelay({ db, bus, pollEvery: 1 });
    const write = (n: number) =>
      db.transaction(async (tx) => {
        const key = `k${n % 2}`;
        await append(tx, message(key, n));
        await tx.query('INSERT INTO written (key, n) SELECT $1, $2 FROM pg_sleep($3)', [key, n, (n % 5) / 500]);
      });
    await Promise.all(Array.from({ length: 60 }, (_, n) => write(n)));
    await eventually(() => bus.published.length === 60);
    await relay.stop();
    const { rows } = await db.query<{ key: string; n: number }>('SELECT key, n FROM written ORDER BY seq');
    const order = (key: string) => [
      rows.filter((row) => row.key === key).map((row) => row.n),
      bus.published.filter((event) => event.key === key).map(nOf),
    ];
    return [order('k0'), order('k1')].every(([wrote, sent]) => JSON.stringify(wrote) === JSON.stringify(sent));
  };

  it('never overtake each other, however their transactions interleave', async () => {
    expect(await race((tx, event) => outbox.append(tx, [event]))).toBe(true);
  });

  it('would overtake without the lock (positive control)', async () => {
    const bare = async (
      tx: Parameters<Parameters<Database['transaction']>[0]>[0],
      { id, topic, key, value }: BusMessage,
    ) => {
      await tx.query('INSERT INTO outbox (id, topic, key, headers, value) VALUES ($1, $2, $3, $4, $5)', [
        id,
        topic,
        key,
        '{}',
        JSON.stringify(value),
      ]);
    };
    expect(await race(bare)).toBe(false);
  });

  it('of many keys at once do not deadlock', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 6 }), { maxLength: 10 }),
        async (batches) => {
          const appended = batches.map((keys) =>
            db.transaction(
              (tx) =>
                outbox.append(
                  tx,
                  keys.map((key) => message(`k${key}`, key)),
                ),
              { retries: 0 },
            ),
          );
          await Promise.all(appended);
        },
      ),
      { numRuns: 20 },
    );
  });
});
