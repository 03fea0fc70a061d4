import { peer } from '@hyperledger/fabric-protos';
import type { Database, Tx } from '@medshare/database';
import type { ReadBlock } from './read-block.js';

export interface CopiedEntry {
  readonly key: string;
  readonly value: Uint8Array;
  /** Block and index of the transaction that wrote it. */
  readonly version: readonly [number, number];
}

export interface CopiedBlock {
  readonly number: number;
  readonly hash: string;
  readonly bytes: Uint8Array;
  readonly codes: readonly number[];
  readonly signature: string;
}

export interface CopiedTransaction {
  readonly block: number;
  readonly index: number;
  readonly code: number;
}

/** A signed transaction whose commit has not been seen. */
export interface Kept {
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
}

type EntryRow = { key: string; value: Buffer; block: string; index: number };
type BlockRow = { number: string; hash: string; bytes: Buffer; codes: number[]; signature: string };

const entryOf = ({ key, value, block, index }: EntryRow): CopiedEntry => ({
  key,
  value: new Uint8Array(value),
  version: [Number(block), index],
});

/** The copy of the channel in PostgreSQL, schema `chain`; its last block is the cursor of what was followed. */
export class Copy {
  constructor(private readonly database: Database) {}

  async head(): Promise<{ number: number; hash: string } | undefined> {
    const text = 'SELECT "number", "hash" FROM "fabric_block" ORDER BY "number" DESC LIMIT 1';
    const { rows } = await this.database.query<{ number: string; hash: string }>({ name: 'fabric-head', text });
    const [row] = rows;
    return row && { number: Number(row.number), hash: row.hash };
  }

  /** Takes up a block: it, the verdicts, what its valid transactions wrote, and that they need not be kept any more. @returns false if it was there */
  async take(block: ReadBlock, chaincode: string, signature: string): Promise<boolean> {
    return this.database.transaction(async (tx) => {
      const { rowCount } = await tx.query(
        `INSERT INTO "fabric_block" ("number", "hash", "bytes", "codes", "signature")
         SELECT $1::bigint, $2, $3, $4, $5
         WHERE (SELECT coalesce(max("number"), -1) FROM "fabric_block") = $1::bigint - 1 ON CONFLICT DO NOTHING`,
        [block.number, block.hash, Buffer.from(block.block.serializeBinary()), block.codes, signature],
      );
      if (rowCount !== 1) return false;
      await indexTransactions(tx, block, chaincode);
      await applyWrites(tx, block, chaincode);
      return true;
    });
  }

  async blocks(from: number, limit: number, maxBytes: number): Promise<readonly CopiedBlock[]> {
    const text = `SELECT "number", "hash", "bytes", "codes", "signature" FROM (
        SELECT *, sum(length("bytes")) OVER (ORDER BY "number") - length("bytes") AS "before"
        FROM (SELECT * FROM "fabric_block" WHERE "number" >= $1 ORDER BY "number" LIMIT $2) AS "some"
      ) AS "page" WHERE "before" < $3 ORDER BY "number"`;
    const { rows } = await this.database.query<BlockRow>({ name: 'fabric-blocks', text }, [from, limit, maxBytes]);
    return rows.map(({ number, ...row }) => ({ ...row, number: Number(number) }));
  }

  async getMany(keys: readonly string[]): Promise<readonly CopiedEntry[]> {
    if (keys.length === 0) return [];
    const text = 'SELECT "key", "value", "block", "index" FROM "fabric_state" WHERE "key" = ANY($1::text[])';
    const { rows } = await this.database.query<EntryRow>({ name: 'fabric-get', text }, [keys]);
    return rows.map(entryOf);
  }

  async range(start: string, end: string, limit: number): Promise<readonly CopiedEntry[]> {
    const text = `SELECT "key", "value", "block", "index" FROM "fabric_state"
      WHERE "key" >= $1 AND "key" < $2 ORDER BY "key" LIMIT $3`;
    const { rows } = await this.database.query<EntryRow>({ name: 'fabric-range', text }, [start, end, limit]);
    return rows.map(entryOf);
  }

  async transaction(id: string): Promise<CopiedTransaction | undefined> {
    const text = 'SELECT "block", "index", "code" FROM "fabric_transaction" WHERE "id" = $1';
    const { rows } = await this.database.query<{ block: string; index: number; code: number }>(
      { name: 'fabric-transaction', text },
      [id],
    );
    const [row] = rows;
    return row && { ...row, block: Number(row.block) };
  }

  async keep({ id, bytes, signature }: Kept): Promise<void> {
    const text = 'INSERT INTO "fabric_kept" ("id", "bytes", "signature") VALUES ($1, $2, $3) ON CONFLICT DO NOTHING';
    await this.database.query(text, [id, Buffer.from(bytes), Buffer.from(signature)]);
  }

  /**
   * Those not brought for a while, the longest first, so that many which are refused again and again stand in nobody's way; they count as
   * brought now, so that two replicas do not bring the same.
   */
  async takeKept(olderMs: number, limit: number): Promise<readonly Kept[]> {
    const { rows } = await this.database.query<{ id: string; bytes: Buffer; signature: Buffer }>(
      `UPDATE "fabric_kept" SET "brought_at" = clock_timestamp() WHERE "id" IN (
         SELECT "id" FROM "fabric_kept" WHERE "brought_at" < clock_timestamp() - $1 * interval '1 millisecond'
         ORDER BY "brought_at", "kept_at" LIMIT $2 FOR UPDATE SKIP LOCKED
       ) RETURNING "id", "bytes", "signature"`,
      [olderMs, limit],
    );
    return rows;
  }

  /** The ordering service refused it; it may be one that lags, so it is brought again. */
  async countRefusal(id: string): Promise<void> {
    await this.database.query('UPDATE "fabric_kept" SET "refusals" = "refusals" + 1 WHERE "id" = $1', [id]);
  }

  async keptLong(olderMs: number): Promise<readonly { id: string; refusals: number }[]> {
    const { rows } = await this.database.query<{ id: string; refusals: number }>(
      `SELECT "id", "refusals" FROM "fabric_kept" WHERE "kept_at" < clock_timestamp() - $1 * interval '1 millisecond'
       ORDER BY "kept_at" LIMIT 1000`,
      [olderMs],
    );
    return rows;
  }
}

async function indexTransactions(tx: Tx, { number, transactions, codes }: ReadBlock, chaincode: string): Promise<void> {
  const rows = transactions
    .filter(({ call, txId }) => call?.chaincode === chaincode && txId !== '')
    .map(({ txId, index }) => ({ txId, index, code: codes[index]! }));
  if (rows.length === 0) return;
  const ids = rows.map(({ txId }) => txId);
  await tx.query(
    `INSERT INTO "fabric_transaction" ("id", "block", "index", "code")
     SELECT t.id, $1::bigint, t.index, t.code FROM unnest($2::text[], $3::int[], $4::int[]) AS t(id, index, code)
     ORDER BY t.index ON CONFLICT ("id") DO NOTHING`,
    [number, ids, rows.map(({ index }) => index), rows.map(({ code }) => code)],
  );
  await tx.query('DELETE FROM "fabric_kept" WHERE "id" = ANY($1::text[])', [ids]);
}

export interface Write {
  readonly key: string;
  /** undefined deletes */
  readonly value: Uint8Array | undefined;
  readonly index: number;
}

/** What the valid transactions of a block write in a namespace, the last write of a key only. */
export function writesOf({ transactions, codes }: ReadBlock, namespace: string): Write[] {
  const last = new Map<string, Write>();
  for (const { index, call } of transactions) {
    if (codes[index] !== peer.TxValidationCode.VALID || call === undefined) continue;
    for (const one of call.sets.filter((given) => given.namespace === namespace))
      for (const write of one.set.getWritesList()) {
        const value = write.getIsDelete() ? undefined : write.getValue_asU8();
        last.set(write.getKey(), { key: write.getKey(), value, index });
      }
  }
  return [...last.values()];
}

async function applyWrites(tx: Tx, block: ReadBlock, chaincode: string): Promise<void> {
  const writes = writesOf(block, chaincode);
  const gone = writes.filter(({ value }) => value === undefined).map(({ key }) => key);
  const kept = writes.filter(({ value }) => value !== undefined);
  if (gone.length > 0) await tx.query('DELETE FROM "fabric_state" WHERE "key" = ANY($1::text[])', [gone]);
  if (kept.length === 0) return;
  await tx.query(
    `INSERT INTO "fabric_state" ("key", "value", "block", "index")
     SELECT t.key, t.value, $1::bigint, t.index FROM unnest($2::text[], $3::bytea[], $4::int[]) AS t(key, value, index)
     ON CONFLICT ("key") DO UPDATE SET "value" = excluded."value", "block" = excluded."block", "index" = excluded."index"`,
    [
      block.number,
      kept.map(({ key }) => key),
      kept.map(({ value }) => Buffer.from(value!)),
      kept.map(({ index }) => index),
    ],
  );
}
