import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemRandom } from '@medshare/clock';
import { problem } from '@medshare/problems';
import pg from 'pg';
import { codeOf, storageProblem } from './database-problem.js';
import { plainName, type Database } from './database.js';

interface Migration {
  readonly name: string;
  readonly sql: string;
  /** hex SHA-256 of the file, as Prisma records it */
  readonly checksum: string;
}

interface Applied {
  readonly migration_name: string;
  readonly checksum: string;
  readonly finished_at: Date | null;
}

/** as `prisma migrate` makes it, so that either tool can go on where the other stopped */
const createTable = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum VARCHAR(64) NOT NULL,
  finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL,
  logs TEXT,
  rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`;

/** SQLSTATE (PostgreSQL, appendix A) */
const insufficientPrivilege = '42501';

const refuse = (where: string, detail: string) => problem('config.invalid', { where, detail });

const readFolder = async (folder: string): Promise<Migration[]> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw problem('config.invalid', { where: folder, detail: 'the folder of migrations cannot be read', cause });
  });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const bytes = await readFile(join(folder, name, 'migration.sql'));
      return { name, sql: bytes.toString('utf8'), checksum: createHash('sha256').update(bytes).digest('hex') };
    }),
  );
};

/**
 * What is left to do in one folder. Migrations that the table has beyond this folder are left alone: another folder's,
 * or those of the next release, which runs beside this one during an upgrade.
 */
const pendingOf = (migrations: readonly Migration[], applied: ReadonlyMap<string, Applied>): Migration[] => {
  const pending: Migration[] = [];
  for (const migration of migrations) {
    const row = applied.get(migration.name);
    if (!row) pending.push(migration);
    else if (row.finished_at === null) throw refuse(migration.name, 'the migration began and never finished');
    else if (row.checksum !== migration.checksum)
      throw refuse(migration.name, 'the migration changed after it was applied');
    else if (pending[0])
      throw refuse(pending[0].name, `the migration is missing although ${row.migration_name} is applied`);
  }
  return pending;
};

const apply = async (client: pg.ClientBase, { name, sql, checksum }: Migration): Promise<void> => {
  await client.query('BEGIN');
  try {
    const id = systemRandom.uuid();
    await client.query('INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ($1, $2, $3)', [
      id,
      checksum,
      name,
    ]);
    await client.query(sql);
    await client.query(
      'UPDATE _prisma_migrations SET finished_at = clock_timestamp(), applied_steps_count = 1 WHERE id = $1',
      [id],
    );
    await client.query('COMMIT');
  } catch (cause) {
    await client.query('ROLLBACK');
    throw problem('config.invalid', { where: name, detail: 'the migration failed and was undone', cause });
  }
};

/** @returns undefined where the schema or its table is not there yet */
const appliedIn = async (client: pg.ClientBase, schema: string): Promise<Map<string, Applied> | undefined> => {
  const { rows: tables } = await client.query<{ there: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = $1 AND tablename = '_prisma_migrations') AS there`,
    [schema],
  );
  if (!tables[0]?.there) return undefined;
  const { rows } = await client.query<Applied>(
    `SELECT migration_name, checksum, finished_at FROM ${schema}._prisma_migrations WHERE rolled_back_at IS NULL`,
  );
  return new Map(rows.map((row) => [row.migration_name, row]));
};

const migrateWith = async (client: pg.ClientBase, schema: string, folders: readonly string[]): Promise<string[]> => {
  const found = await Promise.all(folders.map(readFolder));
  const pending = (applied: Map<string, Applied>) => found.flatMap((migrations) => pendingOf(migrations, applied));
  // who may only use the tables asks first: changing nothing needs no right to change
  const before = await appliedIn(client, schema);
  if (before && pending(before).length === 0) return [];
  // held by the session: replicas that start together wait here, then find nothing to do
  await client.query("SELECT pg_advisory_lock(hashtextextended('medshare.migrate.' || $1, 0))", [schema]);
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
  await client.query(`SET search_path TO ${schema}`);
  await client.query(createTable);
  const left = pending((await appliedIn(client, schema)) ?? new Map<string, Applied>());
  for (const migration of left) await apply(client, migration);
  return left.map(({ name }) => name);
};

/**
 * Applies migrations in Prisma's layout (`<folder>/<time>_<name>/migration.sql`), each in a transaction of its own, folder
 * after folder, by name inside a folder. Safe to run at every start and by several replicas at once.
 *
 * @returns the names of those applied now
 * @throws Problem `config.invalid` naming a migration that changed, is missing before an applied one, or fails, or a schema that is not at
 *   this release when the user may not change it
 */
export const migrate = async (
  target: Pick<Database, 'url'> | string,
  schema: string,
  folders: readonly string[],
): Promise<string[]> => {
  // a connection of its own: its session lock and search path must not leak into a pool
  let client: pg.Client | undefined;
  try {
    client = new pg.Client({
      connectionString: typeof target === 'string' ? target : target.url,
      application_name: 'medshare migrate',
      connectionTimeoutMillis: 20_000,
    });
    client.on('error', () => undefined);
    await client.connect();
    return await migrateWith(client, plainName(schema), folders);
  } catch (caught) {
    if (codeOf(caught) !== insufficientPrivilege) throw storageProblem(caught);
    const detail = 'the schema is not at this release, and this user may not change it: run `medshare migrate`';
    throw problem('config.invalid', { where: `schema ${schema}`, detail, cause: caught });
  } finally {
    await client?.end().catch(() => undefined);
  }
};
