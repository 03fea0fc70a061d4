import pg from 'pg';
import { plainName } from '../database.js';
import { storageProblem } from '../database-problem.js';

/** A database and the one user that owns it. */
export interface DatabaseUser {
  readonly name: string;
  readonly user: string;
  readonly password: string;
}

const ensureUser = async (client: pg.Client, user: string, password: string): Promise<void> => {
  const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [user]);
  const verb = rowCount ? 'ALTER' : 'CREATE';
  const rights = 'LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE';
  await client.query(`${verb} ROLE ${user} ${rights} PASSWORD ${client.escapeLiteral(password)}`);
};

const ensure = async (client: pg.Client, { name, user, password }: DatabaseUser): Promise<void> => {
  // one at a time: CREATE DATABASE has no IF NOT EXISTS
  await client.query("SELECT pg_advisory_lock(hashtextextended('medshare.ensure-database', 0))");
  await ensureUser(client, plainName(user), password);
  const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [plainName(name)]);
  if (!rowCount) await client.query(`CREATE DATABASE ${name} OWNER ${user} TEMPLATE template0 ENCODING 'UTF8'`);
  // PostgreSQL lets everybody into every new database
  for (const open of [name, 'postgres', 'template1']) await client.query(`REVOKE ALL ON DATABASE ${open} FROM PUBLIC`);
};

/** Makes a user and its database; no other user (but the superuser) can connect to it. Idempotent; sets the password anew. */
export const ensureDatabase = async (adminUrl: string, wanted: DatabaseUser): Promise<string> => {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await ensure(client, wanted);
  } catch (caught) {
    throw storageProblem(caught);
  } finally {
    await client.end().catch(() => undefined);
  }
  const url = new URL(adminUrl);
  url.username = wanted.user;
  url.password = encodeURIComponent(wanted.password);
  url.pathname = `/${wanted.name}`;
  return url.href;
};
