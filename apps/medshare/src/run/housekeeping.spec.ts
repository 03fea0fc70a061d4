import { setTimeout as sleep } from 'node:timers/promises';
import { migrate, openDatabase, type Database } from '@medshare/database';
import { getPayload, Inbox, outboxMigrations, payloadMigrations, putPayload } from '@medshare/outbox';
import { roleNames, type RoleName } from '@medshare/role/context';
import { createLogger } from '@medshare/telemetry';
import { freshDatabase, type FreshDatabase } from '@medshare/testkit';
import { ForgettingRounds, type Housed } from './housekeeping.js';

const limits = { retentionDays: 14 };
const databases = new Map<RoleName, Database>();
const inboxes = new Map<RoleName, Inbox>();
const lags = [{ group: 'vault', topic: 'record.classified', partition: 0, lag: 0 }];
let fresh: FreshDatabase;
let transit: Database;
let keysGone: number;
let warned: unknown[];

beforeAll(async () => {
  fresh = await freshDatabase();
  await migrate(fresh.url, 'transit', [payloadMigrations]);
  transit = openDatabase({ url: fresh.url, schema: 'transit' });
  for (const role of roleNames) {
    await migrate(fresh.url, role, [outboxMigrations]);
    const database = openDatabase({ url: fresh.url, schema: role, max: 2 });
    databases.set(role, database);
    inboxes.set(role, new Inbox({ database, attempts: 1 }));
  }
}, 120_000);
beforeEach(async () => {
  [keysGone, warned] = [0, []];
  lags[0]!.lag = 0;
  await transit.query('TRUNCATE held, payload CASCADE');
  for (const database of databases.values()) await database.query('TRUNCATE outbox, inbox, inbox_parked');
});
afterAll(async () => {
  await Promise.all([transit, ...databases.values()].map((database) => database.close()));
  await fresh.drop();
});

/** The housekeeping of a process that runs some roles of the institution. */
const processOf = (...roles: RoleName[]): ForgettingRounds => {
  const housed = {
    bus: { lag: () => Promise.resolve(lags) },
    logger: {
      ...createLogger({ role: 'institution', institution: 'harbor', level: 'silent' }),
      warn: ({ where }: { where?: unknown }) => void warned.push(where),
    },
    contexts: new Map(
      roles.map((role) => [role, { database: databases.get(role)!, inbox: inboxes.get(role)! }] as const),
    ),
    transit: {
      database: transit,
      payloads: { destroyKeysBefore: () => Promise.resolve(keysGone++) },
    },
  };
  return new ForgettingRounds(limits, housed as unknown as Housed);
};
/** Hours in which each of the processes has a round, in their order. */
const hours = async (count: number, ...processes: ForgettingRounds[]) => {
  for (let hour = 0; hour < count; hour++)
    for (const each of processes) {
      await sleep(3);
      await each.round();
    }
};
const isThere = async (ref: string): Promise<boolean> => {
  for await (const chunk of getPayload(transit, ref)) return chunk.length > 0;
  return false;
};
/** A payload that was put so many days ago. */
const payloadOf = async (days: number): Promise<string> => {
  const ref = await transit.transaction((tx) => putPayload(tx, Buffer.from('sealed')));
  await transit.query("UPDATE payload SET at = at - $2::int * interval '1 day' WHERE ref = $1", [ref, days]);
  return ref;
};
const eventOf = (payload: string) => ({
  id: `of ${payload}`,
  topic: 'record.classified',
  key: 'a patient',
  headers: {},
  value: { payload },
});
const park = (role: RoleName, payload: string) =>
  inboxes.get(role)!.consume(eventOf(payload), () => Promise.reject(new Error('cannot be sealed')));
const others = roleNames.filter((role) => role !== 'vault');

describe('housekeeping of roles in processes of their own', () => {
  it('keeps what another process has parked, and forgets it when that is done', async () => {
    const [vault, rest] = [processOf('vault'), processOf(...others)];
    const [old, young] = [await payloadOf(20), await payloadOf(10)];
    await park('vault', old);
    await hours(4, vault, rest);
    expect([await isThere(old), keysGone]).toEqual([true, 0]);
    await inboxes.get('vault')!.parked.replay(`of ${old}`);
    await hours(4, vault, rest);
    expect([await isThere(old), keysGone]).toEqual([true, 0]);
    await databases.get('vault')!.query('TRUNCATE outbox');
    await inboxes.get('vault')!.consume(eventOf(old), () => Promise.resolve());
    await hours(3, vault, rest);
    expect(keysGone).toBeGreaterThan(0);
    await expect(isThere(old)).rejects.toMatchObject({ code: 'blob.missing' });
    expect(await isThere(young)).toBe(true);
  });

  it('keeps everything while a role has never told, or not for hours, and says so once', async () => {
    const [vault, rest] = [processOf('vault'), processOf(...others)];
    const old = await payloadOf(20);
    await hours(4, rest);
    expect([await isThere(old), warned]).toEqual([true, ['vault']]);
    await hours(1, vault);
    await transit.query("UPDATE held SET told_at = told_at - interval '5 hours' WHERE role = 'vault'");
    await hours(4, rest);
    expect([await isThere(old), warned.filter((where) => where === 'vault')]).toEqual([true, ['vault']]);
    await hours(3, vault, rest);
    await expect(isThere(old)).rejects.toMatchObject({ code: 'blob.missing' });
    await transit.query("UPDATE held SET told_at = told_at - interval '5 hours' WHERE role IN ('vault', 'audit')");
    warned.length = 0;
    await hours(2, processOf(...others.filter((role) => role !== 'audit')));
    expect(warned).toEqual(['vault audit']);
  });

  it('keeps what is parked after its role told that it holds nothing, after waiting long', async () => {
    const [vault, rest] = [processOf('vault'), processOf(...others)];
    const old = await payloadOf(20);
    lags[0]!.lag = 1;
    await hours(2, vault, rest);
    // the bus counts it as done from now on, and the vault tells only within the hour
    await park('vault', old);
    lags[0]!.lag = 0;
    await hours(3, rest);
    expect(await isThere(old)).toBe(true);
    await hours(3, vault, rest);
    expect([await isThere(old), keysGone]).toEqual([true, 0]);
  });

  it('keeps what waits on the bus, or does not reach it', async () => {
    const every = processOf(...roleNames);
    const old = await payloadOf(20);
    lags[0]!.lag = 1;
    await hours(3, every);
    lags[0]!.lag = 0;
    const ingest = databases.get('ingest')!;
    const { id, topic, key } = eventOf(old);
    await ingest.query(
      `INSERT INTO outbox (id, topic, key, headers, value, at) VALUES ($1, $2, $3, '{}', '{}', now() - interval '20 days')`,
      [id, topic, key],
    );
    await hours(3, every);
    expect([await isThere(old), keysGone]).toEqual([true, 0]);
    await ingest.query('TRUNCATE outbox');
    await hours(2, every);
    await expect(isThere(old)).rejects.toMatchObject({ code: 'blob.missing' });
  });

  it('knows ids of events for as long as another process may replay them', async () => {
    const [vault, rest] = [processOf('vault'), processOf(...others)];
    await inboxes.get('access')!.consume(eventOf('done'), () => Promise.resolve());
    await databases.get('access')!.query("UPDATE inbox SET at = at - interval '20 days'");
    const known = async () => (await databases.get('access')!.query('SELECT 1 FROM inbox')).rowCount;
    await park('vault', 'elsewhere');
    await hours(3, vault, rest);
    expect(await known()).toBe(1);
    await inboxes.get('vault')!.parked.skip('of elsewhere', 'a test');
    await hours(3, vault, rest);
    expect(await known()).toBe(0);
  });

  it('does not confirm a look that is past its time', async () => {
    const every = processOf(...roleNames);
    await hours(1, every);
    const old = await payloadOf(20);
    const realQuery = transit.query.bind(transit);
    // the computer slept for five days: the database's clock went on
    const later = async (...given: Parameters<Database['query']>) => {
      const answer = await realQuery(...given);
      for (const { now } of answer.rows as { now?: Date }[]) now?.setTime(now.getTime() + 5 * 86_400_000);
      return answer;
    };
    transit.query = later as Database['query'];
    try {
      await every.round();
    } finally {
      transit.query = realQuery;
    }
    expect(await isThere(old)).toBe(true);
  });
});
