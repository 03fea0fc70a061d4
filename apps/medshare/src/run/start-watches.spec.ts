import type { RoleContext } from '@medshare/role';
import { TestRoles } from '@medshare/role/role.fixture';
import { countParked } from './count-faults.js';
import { watchBus, watchRole } from './start-watches.js';

const HOUR = 3_600_000;

/** On a real database, with a role's own tables. */
describe('the gauges of every role', () => {
  const roles = new TestRoles();
  let context: RoleContext;
  beforeAll(async () => void (context = await roles.open('classifier', 'harbor', [])), 90_000);
  beforeEach(() => context.database.query('TRUNCATE outbox, inbox_parked'));
  afterAll(() => roles.close());

  const append = (id: string) => {
    const message = { id, topic: 'record.sealed', key: 'k', headers: { version: '1' }, value: {} };
    return context.database.transaction((tx) => context.outbox.append(tx, [message]));
  };
  const figures = async () =>
    Object.fromEntries(
      (await context.metrics.expose())
        .split('\n')
        .filter((line) => line.startsWith('medshare_'))
        .map((line) => [line.slice('medshare_'.length, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
    );

  it('tell how many events the bus does not have, and the age of the oldest', async () => {
    const look = watchRole(context, roles.clock);
    await append('first');
    await context.database.query('UPDATE outbox SET at = $1', [new Date(roles.clock.now() - HOUR)]);
    await append('second');
    await look();
    expect(await figures()).toMatchObject({
      'outbox_backlog{role="classifier"}': 2,
      'outbox_oldest_age_seconds{role="classifier"}': 3600,
    });
    await context.database.query('TRUNCATE outbox');
    await look();
    expect(await figures()).toMatchObject({
      'outbox_backlog{role="classifier"}': 0,
      'outbox_oldest_age_seconds{role="classifier"}': 0,
    });
  });

  it('tell what is parked and how full the room for it is', async () => {
    const look = watchRole(context, roles.clock);
    await context.database.query(
      `INSERT INTO inbox_parked (consumer, id, topic, key, headers, value, code, at)
       VALUES ('c', '1', 'record.sealed', 'k', '{}', '{}', 'internal', $1)`,
      [new Date(roles.clock.now() - 2 * HOUR)],
    );
    await look();
    const found = await figures();
    expect(found).toMatchObject({
      'inbox_parked_events{role="classifier",state="parked"}': 1,
      'inbox_parked_streams{role="classifier"}': 1,
      'inbox_oldest_parked_age_seconds{role="classifier"}': 7200,
    });
    expect(found['inbox_parked_fill_ratio{role="classifier"}']).toBeGreaterThan(0);
  });

  it('say that they are old when the database is away, and keep their value', async () => {
    await append('one');
    await watchRole(context, roles.clock)();
    const away = { ...context.database, query: () => Promise.reject(new Error('away')) };
    const before = await figures();
    await watchRole({ ...context, database: away as never }, roles.clock)();
    const after = await figures();
    const failures = 'watch_failures_total{role="classifier"}';
    expect(after[failures]).toBe(before[failures]! + 1);
    expect(after['outbox_backlog{role="classifier"}']).toBe(1);
  });

  it('tell what each group has still to do, of all partitions together, and that a bus is away', async () => {
    const lag = [3, 4].map((lag, partition) => ({ group: 'vault', topic: 'record.classified', partition, lag }));
    const { metrics, logger } = context;
    await watchBus({ bus: { lag: () => Promise.resolve(lag) }, metrics, logger })();
    const series = 'bus_lag_events{role="classifier",group="vault",topic="record.classified"}';
    expect((await figures())[series]).toBe(7);
    const before = (await figures())['watch_failures_total{role="classifier"}']!;
    await watchBus({ bus: { lag: () => Promise.reject(new Error('away')) }, metrics, logger })();
    expect(await figures()).toMatchObject({ [series]: 7, 'watch_failures_total{role="classifier"}': before + 1 });
  });

  it('count parked events from zero on', async () => {
    const count = countParked(context.metrics);
    expect(await figures()).toMatchObject({ 'inbox_parked_total{role="classifier"}': 0 });
    count();
    expect(await figures()).toMatchObject({ 'inbox_parked_total{role="classifier"}': 1 });
  });
});
