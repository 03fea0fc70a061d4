import { isProblem } from '@medshare/problems';
import { eventually, freePort, freshDatabase, type FreshDatabase } from '@medshare/testkit';
import { migrate, openDatabase, type Database } from './index.js';

let fresh: FreshDatabase;
let db: Database;

beforeAll(async () => {
  fresh = await freshDatabase();
  await migrate(fresh.url, 'desk', []);
  db = openDatabase({ url: fresh.url, schema: 'desk', max: 4, applicationName: 'spec' });
  await db.query('CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)');
}, 120_000);
beforeEach(() => db.query('TRUNCATE account'));
afterAll(async () => {
  await db.close();
  await fresh.drop();
});

const count = async () => (await db.query<{ n: number }>('SELECT count(*)::int n FROM account')).rows[0]?.n;
const codeOf = (caught: unknown) => (isProblem(caught) ? caught.code : String(caught));

describe('a database', () => {
  it('works in its schema only, under its name', async () => {
    const { rows } = await db.query('SELECT current_schemas(false)::text s, current_setting($1) a', [
      'application_name',
    ]);
    expect(rows).toEqual([{ s: '{desk}', a: 'spec' }]);
  });

  it.each(['Desk', 'a b', "x'; DROP", '', 'a'.repeat(64)])('refuses the schema name %p', (schema) => {
    expect(() => openDatabase({ url: fresh.url, schema })).toThrow('config.invalid');
  });

  it('prepares a named statement', async () => {
    const add = { name: 'add', text: 'SELECT $1::int + $2::int n' };
    expect((await db.query<{ n: number }>(add, [1, 2])).rows[0]?.n).toBe(3);
  });

  it('commits what resolves, undoes what rejects', async () => {
    await db.transaction((tx) => tx.query('INSERT INTO account VALUES (1, 1)'));
    const failing = db.transaction(async (tx) => {
      await tx.query('INSERT INTO account VALUES (2, 1)');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await count()).toBe(1);
  });

  it('does not call a transaction done whose failure was swallowed', async () => {
    const swallowing = db.transaction(async (tx) => {
      await tx.query('INSERT INTO account VALUES (1, 1)');
      await tx.query('SELECT 1/0').catch(() => undefined);
    });
    await expect(swallowing).rejects.toThrow('swallowed');
    expect(await count()).toBe(0);
  });

  it('tries serialisation failures again, so that no increment is lost', async () => {
    await db.query('INSERT INTO account VALUES (1, 0)');
    const increment = async (isolation: 'read committed' | 'serializable') =>
      db.transaction(
        async (tx) => {
          const { rows } = await tx.query<{ balance: number }>('SELECT balance FROM account WHERE id = 1');
          await tx.query('UPDATE account SET balance = $1 WHERE id = 1', [rows[0]!.balance + 1]);
        },
        { isolation, retries: 50 },
      );
    await Promise.all(Array.from({ length: 12 }, () => increment('serializable')));
    const { rows } = await db.query('SELECT balance FROM account');
    expect(rows).toEqual([{ balance: 12 }]);
  });

  it('runs the victim of a deadlock again', async () => {
    await db.query('INSERT INTO account VALUES (1, 0), (2, 0)');
    const both = (first: number, second: number) =>
      db.transaction(async (tx) => {
        await tx.query('UPDATE account SET balance = balance + 1 WHERE id = $1', [first]);
        await tx.query('SELECT pg_sleep(0.1)');
        await tx.query('UPDATE account SET balance = balance + 1 WHERE id = $1', [second]);
      });
    await Promise.all([both(1, 2), both(2, 1)]);
    expect((await db.query('SELECT balance FROM account ORDER BY id')).rows).toEqual([{ balance: 2 }, { balance: 2 }]);
  });

  it('gives up after the retries, as a storage problem', async () => {
    const always = () => Promise.reject(Object.assign(new Error('again'), { code: '40001' }));
    expect(await db.transaction(always, { retries: 2 }).catch(codeOf)).toBe('storage.unavailable');
  });

  it('leaves errors of a statement as they are', async () => {
    await db.query('INSERT INTO account VALUES (1, 1)');
    await expect(db.query('INSERT INTO account VALUES (1, 1)')).rejects.toMatchObject({ code: '23505' });
  });

  it('calls a server that is not there unavailable', async () => {
    const nowhere = openDatabase({ url: `postgresql://a:b@127.0.0.1:${await freePort()}/c`, schema: 'desk' });
    expect(await nowhere.query('SELECT 1').catch(codeOf)).toBe('storage.unavailable');
    expect(await nowhere.transaction(() => Promise.resolve()).catch(codeOf)).toBe('storage.unavailable');
    await nowhere.close();
    expect(await nowhere.query('SELECT 1').catch(codeOf)).toBe('storage.unavailable');
  });

  it('survives losing its connections, inside a transaction and outside', async () => {
    const cut =
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()';
    const other = openDatabase({ url: fresh.url, schema: 'desk', applicationName: 'cutter' });
    const lost = db.transaction(async (tx) => {
      await tx.query('INSERT INTO account VALUES (9, 9)');
      await other.query(cut, ['spec']);
      await tx.query('SELECT 1');
    });
    expect(await lost.catch(codeOf)).toBe('storage.unavailable');
    // an idle connection may be found broken by its next statement
    expect(await eventually(count)).toBe(0);
    await other.close();
  });
});
