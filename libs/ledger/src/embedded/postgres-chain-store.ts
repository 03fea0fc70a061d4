import type { Database, Tx } from '@medshare/database';
import { problem } from '@medshare/problems';
import type { ValidationCode } from '../ledger.port.js';
import type { BlockCommit, ChainStore, StoredBlock, StoredTransaction, VersionedEntry } from './chain-store.js';

type StateRow = { key: string; value: Buffer; block: string; index: number };
type BlockRow = { number: string; hash: string; bytes: Buffer; codes: ValidationCode[]; signature: string };

const utf8 = new TextDecoder('utf-8');
const entryOf = ({ key, value, block, index }: StateRow): VersionedEntry => ({
  key,
  value: new Uint8Array(value),
  version: [Number(block), index],
});

/** The copy of the chain in PostgreSQL, schema `chain`. A commit has reached the disk when it resolves (synchronous_commit on). */
export class PostgresChainStore implements ChainStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async head() {
    const text = 'SELECT "number", "hash", "time" FROM "block" ORDER BY "number" DESC LIMIT 1';
    const { rows } = await this.#db.query<{ number: string; hash: string; time: string }>({ name: 'chain-head', text });
    const [row] = rows;
    return row && { number: Number(row.number), hash: row.hash, time: Number(row.time) };
  }

  async commit(commit: BlockCommit): Promise<void> {
    await this.#db.transaction(async (tx) => {
      await insertBlock(tx, commit);
      await indexTransactions(tx, commit);
      await applyWrites(tx, commit);
    });
  }

  async blocks(from: number, limit: number, maxBytes: number): Promise<readonly StoredBlock[]> {
    const text = `SELECT "number", "hash", "bytes", "codes", "signature" FROM (
        SELECT *, sum(length("bytes")) OVER (ORDER BY "number") - length("bytes") AS "before"
        FROM (SELECT * FROM "block" WHERE "number" >= $1 ORDER BY "number" LIMIT $2) AS "some"
      ) AS "page" WHERE "before" < $3 ORDER BY "number"`;
    const { rows } = await this.#db.query<BlockRow>({ name: 'chain-blocks', text }, [from, limit, maxBytes]);
    return rows.map(({ number, bytes, ...row }) => ({ ...row, number: Number(number), text: utf8.decode(bytes) }));
  }

  async getMany(keys: readonly string[]): Promise<ReadonlyMap<string, VersionedEntry>> {
    if (keys.length === 0) return new Map();
    const text = 'SELECT "key", "value", "block", "index" FROM "state" WHERE "key" = ANY($1::text[])';
    const { rows } = await this.#db.query<StateRow>({ name: 'chain-get', text }, [keys]);
    return new Map(rows.map((row) => [row.key, entryOf(row)]));
  }

  async range(start: string, end: string, limit = 5000): Promise<readonly VersionedEntry[]> {
    const text = `SELECT "key", "value", "block", "index" FROM "state"
      WHERE "key" >= $1 AND "key" < $2 ORDER BY "key" LIMIT $3`;
    const { rows } = await this.#db.query<StateRow>({ name: 'chain-range', text }, [start, end, limit]);
    return rows.map(entryOf);
  }

  async transactions(ids: readonly string[]): Promise<ReadonlyMap<string, StoredTransaction>> {
    const text = 'SELECT "id", "block", "index", "code" FROM "transaction" WHERE "id" = ANY($1::text[])';
    const { rows } = await this.#db.query<{ id: string; block: string; index: number; code: ValidationCode }>(
      { name: 'chain-transactions', text },
      [ids],
    );
    return new Map(rows.map(({ id, block, index, code }) => [id, { block: Number(block), index, code }]));
  }
}

/** The number must be the next: two processes on one copy cannot both go on. */
async function insertBlock(tx: Tx, { number, hash, time, text, codes, signature }: BlockCommit): Promise<void> {
  const { rowCount } = await tx.query(
    `INSERT INTO "block" ("number", "hash", "time", "bytes", "codes", "signature")
     SELECT $1::bigint, $2, $3, $4, $5, $6
     WHERE (SELECT coalesce(max("number"), -1) FROM "block") = $1::bigint - 1 ON CONFLICT DO NOTHING`,
    [number, hash, time, Buffer.from(text, 'utf8'), codes, signature],
  );
  if (rowCount !== 1) throw problem('ledger.unavailable', { detail: `block ${number} is not the next of this copy` });
}

async function indexTransactions(tx: Tx, { number, ids, codes }: BlockCommit): Promise<void> {
  const rows = new Map<string, { index: number; code: string }>();
  ids.forEach((id, index) => {
    const code = codes[index]!;
    const taken = rows.get(id);
    if (taken === undefined || (code !== 'duplicate' && taken.code !== 'valid')) rows.set(id, { index, code });
  });
  const list = [...rows].filter(([, { code }]) => code !== 'duplicate');
  await tx.query(
    `INSERT INTO "transaction" ("id", "block", "index", "code")
     SELECT t.id, $1::bigint, t.index, t.code FROM unnest($2::text[], $3::int[], $4::text[]) AS t(id, index, code)
     ON CONFLICT ("id") DO UPDATE SET "block" = excluded."block", "index" = excluded."index", "code" = excluded."code"`,
    [number, list.map(([id]) => id), list.map(([, { index }]) => index), list.map(([, { code }]) => code)],
  );
}

/** The last write of a key in the block stands. */
async function applyWrites(tx: Tx, { number, writes }: BlockCommit): Promise<void> {
  const last = [...new Map(writes.map((write) => [write.key, write])).values()];
  const gone = last.filter(({ value }) => value === null).map(({ key }) => key);
  const kept = last.flatMap(({ key, value, index }) =>
    value === null ? [] : [{ key, value: Buffer.from(value, 'utf8'), index }],
  );
  if (gone.length > 0) await tx.query('DELETE FROM "state" WHERE "key" = ANY($1::text[])', [gone]);
  if (kept.length === 0) return;
  await tx.query(
    `INSERT INTO "state" ("key", "value", "block", "index")
     SELECT t.key, t.value, $1::bigint, t.index FROM unnest($2::text[], $3::bytea[], $4::int[]) AS t(key, value, index)
     ON CONFLICT ("key") DO UPDATE SET "value" = excluded."value", "block" = excluded."block", "index" = excluded."index"`,
    [number, kept.map(({ key }) => key), kept.map(({ value }) => value), kept.map(({ index }) => index)],
  );
}
