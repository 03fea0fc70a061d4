import { problem } from '@medshare/problems';
import pg from 'pg';
import { isRetriable, storageProblem } from './database-problem.js';

/** A statement; a name makes pg prepare it once a connection. */
export type Statement = string | { readonly name: string; readonly text: string };

/** What can run a statement: a transaction, or the database itself. */
export interface Queryable {
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    statement: Statement,
    values?: readonly unknown[],
  ): Promise<pg.QueryResult<Row>>;
}

/** An open transaction. */
export type Tx = Queryable;

export interface TransactionOptions {
  /** default `read committed` */
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable';
  /** how often a serialisation failure or deadlock is tried again; default 5 */
  readonly retries?: number;
}

/** One schema of one PostgreSQL database. A connection's fault is a Problem `storage.unavailable`; other errors are pg's. */
export interface Database extends Queryable {
  readonly pool: pg.Pool;
  readonly url: string;
  readonly schema: string;
  /** Commits when the function resolves, rolls back when it rejects. The function may run more than once. */
  transaction<T>(work: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** postgresql://user:password@host:port/database */
  readonly url: string;
  /** lower-case name; becomes the only schema on the search path */
  readonly schema: string;
  /**
   * most connections held; default 8. An effect that asks the database beside its transaction holds two: keep it above twice the
   * number of effects that run at once
   */
  readonly max?: number;
  readonly applicationName?: string;
  /** ms that the server may take for a statement; default 60,000 */
  readonly statementTimeoutMs?: number;
}

/** a start opens dozens of connections at once, each with a TLS handshake and a key derivation: a busy machine takes its time */
const CONNECT_TIMEOUT_MS = 20_000;
const STATEMENT_TIMEOUT_MS = 60_000;
/** Of the server's limit: a server that vanished does not say that it ended a statement, and then its connection is given up. */
const PATIENCE = 1.2;
const KEEP_ALIVE_MS = 10_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 120_000;
const RETRIES = 5;
const FIRST_RETRY_MS = 5;

/** @returns the name, if it needs no quoting in SQL; else a Problem `config.invalid` */
export const plainName = (name: string): string => {
  if (/^[a-z_][a-z0-9_]{0,62}$/.test(name)) return name;
  throw problem('config.invalid', {
    where: name.slice(0, 64),
    detail: 'a name is a-z, 0-9 and _, up to 63 characters',
  });
};

/** Statements prepared by their text at most; those beyond are planned at each use. */
const MAX_NAMED = 500;
const names = new Map<string, string>();

/** A name for every statement with parameters: texts are fixed in the code, so each is planned once a connection. */
const nameOf = (text: string): string | undefined => {
  const known = names.get(text);
  if (known !== undefined || names.size >= MAX_NAMED) return known;
  const made = `t${names.size}`;
  names.set(text, made);
  return made;
};

const named = (statement: Statement, values: readonly unknown[]): pg.QueryConfig => {
  if (typeof statement !== 'string') return statement;
  return { text: statement, ...(values.length > 0 && { name: nameOf(statement) }) };
};

const run = async <Row extends pg.QueryResultRow>(
  on: pg.Pool | pg.PoolClient,
  statement: Statement,
  values: readonly unknown[],
): Promise<pg.QueryResult<Row>> => {
  try {
    return await on.query<Row>({ ...named(statement, values), values: [...values] });
  } catch (caught) {
    throw isRetriable(caught) ? caught : storageProblem(caught);
  }
};

const attempt = async <T>(pool: pg.Pool, work: (tx: Tx) => Promise<T>, isolation: string): Promise<T> => {
  const client = await pool.connect().catch((caught: unknown) => Promise.reject(storageProblem(caught)));
  let broken = true;
  try {
    await run(client, `BEGIN ISOLATION LEVEL ${isolation}`, []);
    const result = await work({ query: (statement, values = []) => run(client, statement, values) });
    const { command } = await run(client, 'COMMIT', []);
    broken = false;
    // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error
    if (command !== 'COMMIT') throw problem('internal', { detail: 'an error inside a transaction was swallowed' });
    return result;
  } catch (caught) {
    if (broken)
      broken = await client.query('ROLLBACK').then(
        () => false,
        () => true,
      );
    throw caught;
  } finally {
    client.release(broken);
  }
};

const transact = <T>(
  pool: pg.Pool,
  work: (tx: Tx) => Promise<T>,
  { isolation = 'read committed', retries = RETRIES }: TransactionOptions,
): Promise<T> => retried(() => attempt(pool, work, isolation.toUpperCase()), retries);

const retried = async <T>(attempted: () => Promise<T>, retries: number): Promise<T> => {
  for (let tried = 0; ; tried++) {
    try {
      return await attempted();
    } catch (caught) {
      if (!isRetriable(caught) || tried >= retries) throw storageProblem(caught);
      await new Promise((resolve) => setTimeout(resolve, FIRST_RETRY_MS * 2 ** tried));
    }
  }
};

/** Opens a pool; connects on first use. */
export const openDatabase = (options: DatabaseOptions): Database => {
  const { url, schema, max = 8, applicationName = 'medshare', statementTimeoutMs = STATEMENT_TIMEOUT_MS } = options;
  const pool = new pg.Pool({
    connectionString: url,
    options: `-c search_path=${plainName(schema)}`,
    application_name: applicationName,
    max,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs * PATIENCE,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
  });
  // an idle connection that breaks is replaced on next use; without a listener it would end the process
  pool.on('error', () => undefined);
  // one lost while it is lent out is told by its next statement. From the first moment: the pool's promise resolves after whatever came
  // together with the server's greeting, its farewell included
  pool.on('connect', (client) => void client.on('error', () => undefined));
  let closing: Promise<void> | undefined;
  return {
    pool,
    url,
    schema,
    // a statement outside a transaction is one of its own
    query: (statement, values = []) => retried(() => run(pool, statement, values), RETRIES),
    transaction: (work, options = {}) => transact(pool, work, options),
    close: () => (closing ??= pool.end()),
  };
};
