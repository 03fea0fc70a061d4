import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { loadConfig, type Config } from '@medshare/app/config';
import { configFile, institutionFolder } from '@medshare/app/found/found-demo';
import { ownerUrl, schemaNames, urlOf, type SchemaName } from '@medshare/app/run/database-urls';
import { migrateAsOwner } from '@medshare/app/run/migrate';
import { institutionsFolder } from './found-institutions.js';
import { refusedStart } from './refused-start.js';
import { stateFolder } from './running-stack.js';

const data = institutionsFolder(stateFolder());
const folder = institutionFolder(data, 'harbor');
let config: Config;

beforeAll(() => {
  config = loadConfig(configFile(data, 'harbor'), {});
});

/** @returns the rows, or the SQLSTATE of the refusal */
const ask = async (url: string, text: string): Promise<unknown> => {
  const client = new pg.Client(url);
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(text)).rows;
  } catch (caught) {
    return (caught as { code?: string }).code;
  } finally {
    await client.end().catch(() => undefined);
  }
};
const as = (schema: SchemaName, text: string) => ask(urlOf(config, schema), text);
const denied = '42501';

describe('the users of an institution’s database', () => {
  it('connect through TLS only', async () => {
    const encrypted = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
    expect(await as('vault', encrypted)).toEqual([{ ssl: true }]);
    const plain = new URL(urlOf(config, 'vault'));
    plain.search = '';
    expect(await ask(plain.href, encrypted)).toBe('28000');
  });

  it.each(schemaNames)('%s reads no other schema’s tables, and changes no table’s shape', async (schema) => {
    const shared = ['ingest', 'classifier'].includes(schema) ? ['transit'] : [];
    const others = schemaNames.filter((other) => other !== schema && !shared.includes(other));
    for (const other of others)
      expect([other, await as(schema, `SELECT 1 FROM ${other}._prisma_migrations`)]).toEqual([other, denied]);
    expect(await as(schema, `SELECT count(*) > 0 AS some FROM ${schema}._prisma_migrations`)).toEqual([{ some: true }]);
    expect(await as(schema, `DELETE FROM ${schema}._prisma_migrations`)).toBe(denied);
    expect(await as(schema, `CREATE TABLE ${schema}.mine (n int)`)).toBe(denied);
    expect(await as(schema, 'CREATE SCHEMA mine')).toBe(denied);
    expect(await as(schema, 'CREATE TEMP TABLE mine (n int)')).toBe(denied);
    expect(await as(schema, 'SELECT rolname FROM pg_authid')).toBe(denied);
  });

  it('never rewrite the audit log or a block, as their owner could', async () => {
    for (const [schema, table] of [
      ['audit', 'entry'],
      ['audit', 'node'],
      ['audit', 'checkpoint'],
      ['chain', 'block'],
    ] as const) {
      for (const text of [`DELETE FROM ${schema}.${table}`, `TRUNCATE ${schema}.${table}`])
        expect([text, await as(schema, text)]).toEqual([text, denied]);
      expect(await ask(ownerUrl(config), `BEGIN; DELETE FROM ${schema}.${table}; ROLLBACK`)).not.toBe(denied);
    }
    expect(await as('audit', `UPDATE audit.entry SET id = id`)).toBe(denied);
  });

  it('hand payloads on, but take none back and read no keys', async () => {
    expect(await as('classifier', 'SELECT * FROM transit.payload')).toBe(denied);
    expect(await as('ingest', 'DELETE FROM transit.payload')).toBe(denied);
    expect(await as('ingest', 'SELECT * FROM transit.key')).toBe(denied);
    expect(await as('vault', 'SELECT * FROM transit.payload')).toBe(denied);
  });

  it('enter no other institution’s database', async () => {
    const url = new URL(urlOf(config, 'vault'));
    url.pathname = '/medshare_lakeside';
    expect(await ask(url.href, 'SELECT 1')).toBe(denied);
  });

  it('lose what they were given beside, and get a new password, at the next migrate', async () => {
    await ask(
      ownerUrl(config),
      'GRANT USAGE ON SCHEMA vault TO harbor_reader; GRANT ALL ON ALL TABLES IN SCHEMA vault TO harbor_reader',
    );
    await ask(ownerUrl(config), 'GRANT DELETE ON audit.entry TO harbor_audit');
    const file = join(folder, 'keys', 'database', 'reader');
    const before = urlOf(config, 'reader');
    await writeFile(file, 'another-password-of-24-letters\n');
    expect(await migrateAsOwner(config)).toEqual([]);
    expect(await ask(before, 'SELECT 1 AS n')).toBe('28P01');
    expect(await as('reader', 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
    expect(await as('audit', 'DELETE FROM audit.entry')).toBe(denied);
    expect(await as('reader', 'SELECT 1 FROM vault._prisma_migrations')).toBe(denied);
  });

  it('are made once by several migrations at a time', async () => {
    expect(await Promise.all([migrateAsOwner(config), migrateAsOwner(config), migrateAsOwner(config)])).toEqual([
      [],
      [],
      [],
    ]);
  });
});

describe('a mistake in how the database is reached', () => {
  const start = (change: (database: Record<string, unknown>) => void): Promise<string> =>
    refusedStart('vault', ({ database = {} }) => change(database));

  it('is told at the start in one line that names the setting', async () => {
    const passwords = join(folder, 'wrong-passwords');
    await mkdir(passwords, { recursive: true });
    for (const schema of schemaNames) await writeFile(join(passwords, schema), 'wrong', { mode: 0o600 });
    const told = [
      await start((database) => (database['users'] = { prefix: 'harbor_', passwords })),
      await start((database) => (database['users'] = { prefix: 'harbor_', passwords: 'nowhere' })),
      await start(
        (database) => (database['url'] = String(database['url']).replace(/sslrootcert=.*/, 'sslrootcert=tls/node.pem')),
      ),
      await start(
        (database) =>
          (database['url'] = String(database['url'])
            .replace('127.0.0.1', 'localhost')
            .replace(/sslrootcert=.*/, 'sslrootcert=nowhere.pem')),
      ),
      await start(
        (database) => (database['url'] = String(database['url']).replace('medshare_harbor', 'medshare_nobody')),
      ),
    ];
    await rm(passwords, { recursive: true });
    expect(told.map((text) => text.split('\n').length)).toEqual([1, 1, 1, 1, 1]);
    expect(told[0]).toMatch(/database\.users: .*refuses the user or its password/);
    expect(told[1]).toMatch(/database\.users\.passwords: .*cannot be read/);
    expect(told[2]).toMatch(/database\.users: .*certificate is not believed/);
    expect(told[3]).toMatch(/database\.users: .*file that the URL names cannot be read/);
    expect(told[4]).toMatch(/database\.users: .*no such database|refuses/);
  }, 300_000);
});
