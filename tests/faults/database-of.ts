import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

/** A connection of the superuser to one institution's database of a demo: sees everything, and may plant anything. */
export async function databaseOf(data: string, institution: string): Promise<pg.Client> {
  const [password, lines] = await Promise.all([
    readFile(join(data, 'postgres', 'password'), 'utf8'),
    postmasterLines(data),
  ]);
  const client = new pg.Client({
    host: '127.0.0.1',
    port: Number(lines[3]),
    user: 'postgres',
    password: password.trim(),
    database: `medshare_${institution}`,
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Runs the work on a connection of its own. */
export async function within<T>(
  data: string,
  institution: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = await databaseOf(data, institution);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The process of the demo's PostgreSQL. */
export const postmasterOf = async (data: string): Promise<number> => Number((await postmasterLines(data))[0]);

const postmasterLines = async (data: string): Promise<string[]> =>
  (await readFile(join(data, 'postgres', 'data', 'postmaster.pid'), 'utf8')).split('\n');
