import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '@medshare/database/embedded-postgres.driver';
import pg from 'pg';

// What lies on disk, as whoever seizes the machine would look at it.

/** The demo's database server: the one that runs, or started over the stopped demo's folder. */
export const serverOf = (data: string): Promise<EmbeddedPostgres> =>
  startEmbeddedPostgres({ dataDir: join(data, 'postgres') });

/** As superuser inside an institution's database. */
export async function within<T>(
  server: EmbeddedPostgres,
  institution: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const url = new URL(server.adminUrl);
  url.pathname = `/medshare_${institution}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export async function rowsOf<T extends pg.QueryResultRow>(
  server: EmbeddedPostgres,
  institution: string,
  sql: string,
  values: unknown[] = [],
): Promise<T[]> {
  return within(server, institution, async (client) => (await client.query<T>(sql, values)).rows);
}

/** Every table of every schema that is not PostgreSQL's own, as `schema.table`. */
export async function tablesOf(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

/** Every value of every row as it is: texts in UTF-8, byte columns as their bytes. */
export async function* dumpOf(client: pg.Client): AsyncGenerator<{ place: string; bytes: Buffer }> {
  for (const table of await tablesOf(client)) {
    const { rows } = await client.query<Record<string, unknown>>(`SELECT * FROM ${table}`);
    for (const row of rows)
      for (const [column, value] of Object.entries(row)) {
        if (value === null) continue;
        const bytes = Buffer.isBuffer(value)
          ? value
          : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
        yield { place: `${table}.${column}`, bytes };
      }
  }
}

/** Every file below a folder. */
export async function* filesOf(folder: string): AsyncGenerator<{ place: string; bytes: Buffer }> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const place = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesOf(place);
    // a running server removes files of its own while they are listed
    else if (entry.isFile()) {
      const bytes = await readFile(place).catch(() => undefined);
      if (bytes) yield { place, bytes };
    }
  }
}
