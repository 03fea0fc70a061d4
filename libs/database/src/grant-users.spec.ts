import pg from 'pg';
import { freshDatabase, seededRandom, withPostgres, type FreshDatabase } from '@medshare/testkit';
import { grantUsers, openDatabase } from './index.js';
import { scramVerifier } from './scram.js';

let fresh: FreshDatabase;
let admin: pg.Client;
const user = `clerk_${process.pid}`;
const password = 'correct-horse-battery';

beforeAll(async () => {
  fresh = await freshDatabase();
  const { adminUrl } = await withPostgres();
  const url = new URL(adminUrl);
  url.pathname = new URL(fresh.url).pathname;
  admin = new pg.Client(url.href);
  await admin.connect();
  await admin.query(
    'CREATE SCHEMA desk; CREATE TABLE desk.a (n int); CREATE TABLE desk.b (n int); CREATE SCHEMA other; CREATE TABLE other.c (n int)',
  );
}, 120_000);
afterAll(async () => {
  await admin.query(`DROP OWNED BY ${user}; DROP ROLE ${user}`);
  await admin.end();
  await fresh.drop();
});

const adminUrl = async (): Promise<string> => {
  const url = new URL((await withPostgres()).adminUrl);
  url.pathname = new URL(fresh.url).pathname;
  return url.href;
};
const attempt = async (text: string, secret = password): Promise<string> => {
  const url = new URL(fresh.url);
  [url.username, url.password] = [user, encodeURIComponent(secret)];
  const db = openDatabase({ url: url.href, schema: 'desk', max: 1 });
  try {
    await db.query(text);
    return 'done';
  } catch (caught) {
    return String((caught as { where?: string }).where ?? (caught as { code?: string }).code);
  } finally {
    await db.close();
  }
};

describe('a user of a schema', () => {
  it('may do what its grants say, and loses what it had beside', async () => {
    const all = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const;
    const grants = [
      { schema: 'desk', tables: 'all' as const, rights: all },
      { schema: 'desk', tables: ['b'], rights: ['SELECT', 'INSERT'] as const },
    ];
    await grantUsers(await adminUrl(), [{ user, password, grants }]);
    expect(await attempt('DELETE FROM a')).toBe('done');
    expect(await attempt('INSERT INTO b VALUES (1)')).toBe('done');
    for (const refused of [
      'DELETE FROM b',
      'UPDATE b SET n = 2',
      'TRUNCATE a',
      'CREATE TABLE d (n int)',
      'SELECT * FROM other.c',
    ])
      expect([refused, await attempt(refused)]).toEqual([refused, '42501']);
    await admin.query(`GRANT USAGE ON SCHEMA other TO ${user}; GRANT SELECT ON other.c TO ${user}`);
    expect(await attempt('SELECT * FROM other.c')).toBe('done');
    await grantUsers(await adminUrl(), [{ user, password: `${password}-2`, grants }]);
    expect(await attempt('SELECT * FROM other.c', `${password}-2`)).toBe('42501');
    expect(await attempt('SELECT * FROM a')).toBe('28P01');
  });

  it('is refused a weak password, and a name that needs quoting', async () => {
    const url = await adminUrl();
    for (const wrong of ['short', 'with a space in it', 'ünïcödé-letters-and-more'])
      await expect(grantUsers(url, [{ user, password: wrong, grants: [] }])).rejects.toMatchObject({
        code: 'config.invalid',
      });
    await expect(grantUsers(url, [{ user: 'a"b', password, grants: [] }])).rejects.toMatchObject({
      code: 'config.invalid',
    });
  });

  it('cannot be made by an owner who may not make users, who is told so', async () => {
    const asked = grantUsers(fresh.url, [{ user: `${user}_2`, password, grants: [] }]);
    await expect(asked).rejects.toMatchObject({ code: 'config.invalid', where: 'database.users' });
  });
});

describe('what is kept of a password', () => {
  it('is what PostgreSQL makes of it with the same salt', async () => {
    await admin.query(`CREATE ROLE ${user}_3 PASSWORD 'pencil-of-the-rfc'`);
    const { rows } = await admin.query<{ rolpassword: string }>(
      'SELECT rolpassword FROM pg_authid WHERE rolname = $1',
      [`${user}_3`],
    );
    await admin.query(`DROP ROLE ${user}_3`);
    const kept = rows[0]?.rolpassword ?? '';
    const salt = Buffer.from(/:([^$]+)\$/.exec(kept)?.[1] ?? '', 'base64');
    expect(scramVerifier('pencil-of-the-rfc', salt)).toBe(kept);
    expect(scramVerifier('pencil-of-the-rfc', seededRandom('salt').bytes(16))).not.toBe(kept);
  });
});
