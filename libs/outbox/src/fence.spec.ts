import fc from 'fast-check';
import { migrate, openDatabase, type Database } from '@medshare/database';
import { freshDatabase, type FreshDatabase } from '@medshare/testkit';
import { InterleavedRole, violations, type Planned } from './fence.fixture.js';
import { fenced, fenceOf, outboxMigrations, othersFenced } from './index.js';

let fresh: FreshDatabase;
let db: Database;

beforeAll(async () => {
  fresh = await freshDatabase();
  await migrate(fresh.url, 'vault', [outboxMigrations]);
  db = openDatabase({ url: fresh.url, schema: 'vault', max: 4 });
}, 120_000);
beforeEach(async () => {
  await db.query('TRUNCATE outbox, inbox, inbox_parked, inbox_skipped');
});
afterAll(async () => {
  await db.close();
  await fresh.drop();
});

const message = { id: 'm1', topic: 'record.received', key: 'a', headers: { version: '1' }, value: { n: 1 } };

describe('the halves of a fence', () => {
  it('stand in the stream of every key once, the event itself in its own', () => {
    const halves = fenced(message, ['b', 'c', 'b', 'a']);
    expect(halves.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
    expect(halves[0]?.id).toBe('m1');
    expect(new Set(halves.map(({ id }) => id)).size).toBe(3);
    expect(fenced(message, ['b', 'c'])).toEqual(halves);
    expect(halves.map(fenceOf)).toEqual(Array(3).fill({ id: 'm1', keys: ['a', 'b', 'c'] }));
    expect(othersFenced(halves[1]!)).toEqual(['b', 'c']);
    expect([fenced(message, ['a']), othersFenced(message)]).toEqual([[message], []]);
  });

  it('are bounded', () => {
    const many = Array.from({ length: 32 }, (_, n) => `k${n}`);
    expect(() => fenced(message, many)).toThrow(expect.objectContaining({ code: 'request.too-large' }));
    expect(() => fenced(message, ['b c'])).toThrow(expect.objectContaining({ code: 'event.invalid' }));
  });
});

const streams = ['a', 'b', 'c', 'd'];
const plans = fc
  .array(fc.tuple(fc.subarray(streams, { minLength: 1, maxLength: 3 }), fc.boolean()), { minLength: 4, maxLength: 14 })
  .map((list) =>
    // the last place of a subarray may own the message, too
    list.map(([keys, turned], at): Planned => ({ n: at + 1, keys: turned ? [...keys].reverse() : keys })),
  );

interface Course {
  readonly plan: readonly Planned[];
  readonly broken: readonly number[];
  /** picks of streams and of redeliveries, used in turn */
  readonly dice: readonly number[];
}
const courses = fc.record<Course>({
  plan: plans,
  broken: fc.uniqueArray(fc.integer({ min: 1, max: 14 }), { maxLength: 3 }),
  dice: fc.array(fc.nat(), { minLength: 30, maxLength: 60 }),
});

/** Runs a course to its end: what is parked is mended and replayed, one stream after the other. */
async function run({ plan, broken, dice }: Course, planted: { stripped?: boolean } = {}): Promise<string[]> {
  await db.query('TRUNCATE outbox, inbox, inbox_parked, inbox_skipped');
  const role = new InterleavedRole(db, new Set(broken));
  await role.send(plan, planted);
  let turn = 0;
  const throwDie = () => dice[turn++ % dice.length] ?? 0;
  const choose = (ready: readonly string[]) => ready[throwDie() % ready.length] as string;
  const drain = async () => {
    while (await role.deliver(choose, () => throwDie() % 7 === 0));
  };
  await drain();
  for (let round = 0; round < 20; round += 1) {
    const [stuck] = await role.parked.find({ state: 'parked', first: true, limit: 1 });
    if (!stuck) break;
    role.broken.clear();
    await role.parked.replay(stuck.id);
    await drain();
  }
  const left = await role.parked.find({ limit: 100 });
  return [...violations(plan, role.effects), ...left.map(({ id }) => `${id} still parked`)];
}

describe('streams that merges join', () => {
  it('keep the order of every stream around every merge, however deliveries interleave, repeat, fail and are replayed', async () => {
    await fc.assert(
      fc.asyncProperty(courses, async (course) => {
        expect(await run(course)).toEqual([]);
      }),
      { numRuns: wholeHunts ? 60 : 15, seed: 40 },
    );
  }, 120_000);

  it('do not keep it when the fence is taken away: the hunt finds that', async () => {
    const found: string[] = [];
    const stripped = fc.asyncProperty(courses, async (course) => {
      found.push(...(await run(course, { stripped: true })));
      return found.length === 0;
    });
    const { failed } = await fc.check(stripped, { numRuns: 60, seed: 40, endOnFailure: true });
    expect([failed, found[0]]).toEqual([true, expect.stringMatching(/^\d+ before \d+$/)]);
  }, 120_000);
});

describe('a merge', () => {
  const plan: Planned[] = [
    { n: 1, keys: ['a'] },
    { n: 2, keys: ['b'] },
    { n: 3, keys: ['a', 'b'] },
    { n: 4, keys: ['b'] },
    { n: 5, keys: ['a'] },
    { n: 6, keys: ['c'] },
  ];
  const deliver = async (role: InterleavedRole, ...keys: string[]) => {
    for (const key of keys)
      await role.deliver(
        (ready) => (ready.includes(key) ? key : 'none'),
        () => false,
      );
  };
  const all = (role: InterleavedRole) =>
    deliver(role, ...Array.from({ length: 8 }, (_, at) => streams[at % 4] as string), ...'aaaabbbbcc');
  const states = async (role: InterleavedRole) =>
    Object.fromEntries(
      (await role.parked.find({ limit: 9 })).map(({ id, key, state }) => [`${key} ${id.slice(0, 5)}`, state]),
    );

  it('waits visibly for the other stream, nobody else does, and a waiting stream needs no person', async () => {
    const role = new InterleavedRole(db, new Set());
    await role.send(plan);
    await deliver(role, 'b', 'b', 'b', 'c');
    expect(role.effects).toEqual([2, 6]);
    expect(await states(role)).toEqual({ 'b fence': 'waiting', 'b m4': 'waiting' });
    const [marker, behind] = await role.parked.find({ limit: 2 });
    expect([marker?.code, marker?.fence, behind?.behind]).toEqual(['event.fenced', 'm3', marker?.id]);
    expect((await role.parked.figures()).events).toEqual({ parked: 0, waiting: 2, replaying: 0 });
    await all(role);
    expect(role.effects).toEqual([2, 6, 1, 3, 5, 4].sort((x, y) => role.effects.indexOf(x) - role.effects.indexOf(y)));
    expect(violations(plan, role.effects)).toEqual([]);
    expect(await states(role)).toEqual({});
  });

  it('that fails parks under its own stream, whichever half came last, and its replay frees both', async () => {
    const role = new InterleavedRole(db, new Set([3]));
    await role.send(plan);
    await deliver(role, 'a', 'a', 'a', 'b', 'b', 'b');
    expect(role.effects).toEqual([1, 2]);
    expect(await states(role)).toEqual({ 'a m3': 'parked', 'a m5': 'parked', 'b fence': 'waiting', 'b m4': 'waiting' });
    const [own] = await role.parked.find({ state: 'parked', first: true, limit: 9 });
    expect([own?.id, own?.code]).toEqual(['m3', 'record.unmappable']);
    role.broken.clear();
    const counts = await Promise.all([role.parked.replay('m3'), role.parked.replay('m3')]);
    expect(counts).toEqual([2, 2]);
    await all(role);
    expect([violations(plan, role.effects), await states(role)]).toEqual([[], {}]);
    expect(await role.parked.replay('m3')).toBe(0);
  });

  it.each(['before', 'after'])('that is given up frees the other stream, %s its half came there', async (when) => {
    const role = new InterleavedRole(db, new Set([1, 2]));
    await role.send(plan);
    await all(role);
    expect(role.effects).toEqual([6]);
    if (when === 'after') {
      role.broken.delete(2);
      await role.parked.replay('m2');
      await all(role);
    }
    await role.parked.skip('m3', 'the two were not one');
    role.broken.clear();
    for (const { id } of await role.parked.find({ state: 'parked', first: true, limit: 9 }))
      await role.parked.replay(id);
    await all(role);
    expect(new Set(role.effects)).toEqual(new Set([1, 2, 4, 5, 6]));
    expect(await states(role)).toEqual({});
  });
});
