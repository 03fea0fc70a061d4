import { migrate, openDatabase, type Database } from '@medshare/database';
import { freshDatabase, type FreshDatabase } from '@medshare/testkit';
import { databaseTime, ON_ITS_WAY_MS, outboxMigrations, payloadMigrations, readHeld, tellHeld } from './index.js';

let fresh: FreshDatabase;
let shared: Database;
let vault: Database;

beforeAll(async () => {
  fresh = await freshDatabase();
  await migrate(fresh.url, 'transit', [payloadMigrations]);
  await migrate(fresh.url, 'vault', [outboxMigrations]);
  shared = openDatabase({ url: fresh.url, schema: 'transit' });
  vault = openDatabase({ url: fresh.url, schema: 'vault' });
}, 120_000);
beforeEach(async () => {
  await shared.query('TRUNCATE held');
  await vault.query('TRUNCATE outbox, inbox_parked');
});
afterAll(async () => {
  await Promise.all([shared.close(), vault.close()]);
  await fresh.drop();
});

/** Puts an event into a table as if it stood there for so many ms. @returns since when, ms since the epoch */
const put = async (table: 'outbox' | 'inbox_parked', age: number, state = 'parked'): Promise<number> => {
  const more = table === 'outbox' ? ['', ''] : [', consumer, code, state', `, '', 'internal', '${state}'`];
  const { rows } = await vault.query<{ at: Date }>(
    `INSERT INTO ${table} (id, topic, key, headers, value, at${more[0]})
     VALUES (gen_random_uuid()::text, 'record.classified', 'k', '{}', '{}', clock_timestamp() - $1::float8 * interval '1 ms'${more[1]})
     RETURNING at`,
    [age],
  );
  return rows[0]!.at.getTime();
};
const told = async () => {
  await tellHeld(shared, 'vault', vault);
  return (await readHeld(shared))[0]?.oldest;
};

describe('what a role holds', () => {
  it('is nothing while nothing waits, told by the database’s clock before the look', async () => {
    const before = await databaseTime(shared);
    await tellHeld(shared, 'vault', vault);
    const [held, ...others] = await readHeld(shared);
    expect([held!.role, held!.oldest, others]).toEqual(['vault', undefined, []]);
    expect(held!.toldAt).toBeGreaterThanOrEqual(before);
    expect(held!.toldAt).toBeLessThanOrEqual(await databaseTime(shared));
  });

  it.each(['parked', 'waiting', 'replaying'])('is what is %s, however young, and the oldest of it', async (state) => {
    const young = await put('inbox_parked', 1000, state);
    expect(await told()).toBe(young);
    const old = await put('inbox_parked', 30 * 86_400_000, state);
    expect(await told()).toBe(old);
  });

  it('is what the bus does not take, but not what is on its way', async () => {
    await put('outbox', ON_ITS_WAY_MS / 2);
    expect(await told()).toBeUndefined();
    await vault.query('TRUNCATE outbox');
    const stuck = await put('outbox', ON_ITS_WAY_MS * 2);
    expect(await told()).toBe(stuck);
  });

  it('is what was looked at last, although a slower replica tells after', async () => {
    const since = await put('inbox_parked', 1000);
    let look: (() => void) | undefined;
    const stalled = new Promise<void>((resolve) => (look = resolve));
    // a replica that looked before the event was parked, and comes to tell when another one has told of it
    const slow = {
      query: async () => {
        await stalled;
        return { rows: [{ oldest: null }] };
      },
    };
    const late = tellHeld(shared, 'vault', slow as unknown as Database);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await told()).toBe(since);
    look?.();
    await late;
    expect((await readHeld(shared))[0]?.oldest).toBe(since);
  });

  it('is told anew after it was told while the clock was wrong', async () => {
    await told();
    await shared.query("UPDATE held SET told_at = told_at + interval '3 days'");
    const since = await put('inbox_parked', 1000);
    expect(await told()).toBe(since);
    expect((await readHeld(shared))[0]!.toldAt).toBeLessThanOrEqual(await databaseTime(shared));
  });
});
