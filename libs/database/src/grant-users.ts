import { systemRandom, type Random } from '@medshare/clock';
import { problem } from '@medshare/problems';
import pg from 'pg';
import { codeOf, storageProblem } from './database-problem.js';
import { plainName } from './database.js';
import { scramVerifier } from './scram.js';

export type Right = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';

/** What a user may do with tables of one schema. */
export interface Grant {
  readonly schema: string;
  /** all that the schema has now, or some by name */
  readonly tables: 'all' | readonly string[];
  readonly rights: readonly Right[];
}

/** A user with a password who may do what the grants say and nothing else. */
export interface GrantedUser {
  readonly user: string;
  /** printable ASCII, 16 to 256 characters */
  readonly password: string;
  /** later ones take back what earlier ones gave on the same tables */
  readonly grants: readonly Grant[];
}

const denied = '42501';
const allRights: readonly Right[] = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

const listOf = ({ schema, tables }: Grant): string =>
  tables === 'all'
    ? `ALL TABLES IN SCHEMA ${plainName(schema)}`
    : tables.map((table) => `${plainName(schema)}.${plainName(table)}`).join(', ');

const setPassword = async (client: pg.Client, { user, password }: GrantedUser, random: Random): Promise<void> => {
  if (!/^[\x21-\x7e]{16,256}$/.test(password))
    throw problem('config.invalid', { where: user, detail: 'a password is 16 to 256 printable ASCII characters' });
  const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [user]);
  const attributes = 'LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT';
  const secret = client.escapeLiteral(scramVerifier(password, random.bytes(16)));
  await client.query('SAVEPOINT password');
  try {
    // superuser's attributes may only be named by superusers: naming those of a new user is enough
    await client.query(
      `${rowCount ? 'ALTER' : 'CREATE'} ROLE ${user} ${rowCount ? '' : attributes} PASSWORD ${secret}`,
    );
  } catch (caught) {
    await client.query('ROLLBACK TO SAVEPOINT password');
    // one that an administrator made keeps the password that the administrator gave it
    if (codeOf(caught) === denied && rowCount) return;
    if (codeOf(caught) !== denied) throw caught;
    const detail = `the owner may not make users: give it CREATEROLE, or make ${user} yourself`;
    throw problem('config.invalid', { where: 'database.users', detail, cause: caught });
  }
};

const grant = async (client: pg.Client, { user, grants }: GrantedUser): Promise<void> => {
  const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name');
  await client.query(`GRANT CONNECT ON DATABASE ${client.escapeIdentifier(rows[0]?.name ?? '')} TO ${user}`);
  const { rows: owned } = await client.query<{ name: string }>(
    'SELECT nspname AS name FROM pg_namespace WHERE nspowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)',
  );
  const revoked = owned
    .map(({ name }) => client.escapeIdentifier(name))
    .flatMap((schema) => [
      `REVOKE ALL ON ALL TABLES IN SCHEMA ${schema} FROM ${user}`,
      `REVOKE ALL ON ALL SEQUENCES IN SCHEMA ${schema} FROM ${user}`,
      `REVOKE ALL ON SCHEMA ${schema} FROM ${user}`,
    ]);
  const granted = [...new Set(grants.map((one) => plainName(one.schema)))].flatMap((schema) => [
    `GRANT USAGE ON SCHEMA ${schema} TO ${user}`,
    `GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${schema} TO ${user}`,
  ]);
  await client.query([...revoked, ...granted].join('; '));
  for (const one of grants) {
    const refused = allRights.filter((right) => !one.rights.includes(right));
    if (one.rights.length > 0) await client.query(`GRANT ${one.rights.join(', ')} ON ${listOf(one)} TO ${user}`);
    if (refused.length > 0) await client.query(`REVOKE ${refused.join(', ')} ON ${listOf(one)} FROM ${user}`);
  }
};

/**
 * Makes users where missing, sets their passwords, and gives each exactly its grants. Idempotent; in one transaction, so that programs that
 * run meanwhile never stand without a right.
 *
 * @param ownerUrl of whoever owns the schemas, and may make users or finds them made
 * @throws Problem `config.invalid`, `storage.unavailable`
 */
export const grantUsers = async (
  ownerUrl: string,
  users: readonly GrantedUser[],
  random: Random = systemRandom,
): Promise<void> => {
  let client: pg.Client | undefined;
  try {
    client = new pg.Client({
      connectionString: ownerUrl,
      application_name: 'medshare migrate',
      connectionTimeoutMillis: 20_000,
    });
    client.on('error', () => undefined);
    await client.connect();
    await client.query('BEGIN');
    // users belong to the whole server: two institutions on it that migrate at once wait for each other
    await client.query("SELECT pg_advisory_xact_lock(hashtextextended('medshare.grant-users', 0))");
    for (const one of users) {
      plainName(one.user);
      await setPassword(client, one, random);
      await grant(client, one);
    }
    await client.query('COMMIT');
  } catch (caught) {
    throw storageProblem(caught);
  } finally {
    await client?.end().catch(() => undefined);
  }
};
