import type { Tx } from '@medshare/database';

/** A row of the log as it stands in PostgreSQL. */
export interface EntryRow {
  index: string;
  id: string;
  salt: Buffer;
  leaf: Buffer;
  bytes: Buffer;
}

export interface NewEntry {
  index: number;
  id: string;
  time: number;
  action: string;
  outcome: string;
  salt: Uint8Array;
  leaf: Uint8Array;
  bytes: Uint8Array;
  entities: { kind: string; id: string }[];
}

const buffers = (values: Uint8Array[]) => values.map((value) => Buffer.from(value));

/** Takes the writer's place in the log until the transaction ends and tells the log's size. */
export async function lockHead(tx: Tx): Promise<number> {
  const { rows } = await tx.query<{ size: string }>('SELECT size FROM head FOR UPDATE');
  return Number(rows[0]?.size ?? 0);
}

export async function setHead(tx: Tx, size: number): Promise<void> {
  await tx.query('UPDATE head SET size = $1', [size]);
}

export async function knownEntries(db: Pick<Tx, 'query'>, ids: string[]): Promise<Map<string, EntryRow>> {
  const { rows } = await db.query<EntryRow>(
    'SELECT index, id, salt, leaf, bytes FROM entry WHERE id = ANY($1::uuid[])',
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

export async function insertEntries(tx: Tx, entries: NewEntry[]): Promise<void> {
  await tx.query(
    `INSERT INTO entry (index, id, time, action, outcome, salt, leaf, bytes)
     SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::bytea[], $7::bytea[], $8::bytea[])`,
    [
      entries.map((e) => e.index),
      entries.map((e) => e.id),
      entries.map((e) => new Date(e.time)),
      entries.map((e) => e.action),
      entries.map((e) => e.outcome),
      buffers(entries.map((e) => e.salt)),
      buffers(entries.map((e) => e.leaf)),
      buffers(entries.map((e) => e.bytes)),
    ],
  );
  const entities = entries.flatMap((e) => e.entities.map((entity) => ({ index: e.index, ...entity })));
  await tx.query(
    `INSERT INTO entity (entry_index, kind, id)
     SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING`,
    [entities.map((e) => e.index), entities.map((e) => e.kind), entities.map((e) => e.id)],
  );
}

export interface NodeRow {
  level: number;
  position: number;
  hash: Uint8Array;
}

export async function insertNodes(tx: Tx, nodes: NodeRow[]): Promise<void> {
  await tx.query(
    `INSERT INTO node (level, position, hash) SELECT * FROM unnest($1::int[], $2::bigint[], $3::bytea[])`,
    [nodes.map((n) => n.level), nodes.map((n) => n.position), buffers(nodes.map((n) => n.hash))],
  );
}

/** Reads the hash of a complete subtree: level 0 holds the leaves. */
export async function readNode(db: Pick<Tx, 'query'>, level: number, position: number): Promise<Uint8Array> {
  const { rows } = await db.query<{ hash: Buffer }>('SELECT hash FROM node WHERE level = $1 AND position = $2', [
    level,
    position,
  ]);
  if (!rows[0]) throw new Error(`audit node ${level}/${position} is missing`);
  return rows[0].hash;
}

export interface CheckpointRow {
  size: number;
  root: Buffer;
  time: number;
  signature: string;
}

export async function insertCheckpoint(
  tx: Tx,
  { size, root, time, signature }: { size: number; root: Uint8Array; time: number; signature: string },
): Promise<void> {
  await tx.query(
    'INSERT INTO checkpoint (size, root, time, signature) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
    [size, Buffer.from(root), new Date(time), signature],
  );
}

/** The newest checkpoints first, of a size below the one given. */
export async function listCheckpoints(
  db: Pick<Tx, 'query'>,
  limit: number,
  below = Number.MAX_SAFE_INTEGER,
): Promise<CheckpointRow[]> {
  const { rows } = await db.query<{ size: string; root: Buffer; time: Date; signature: string }>(
    'SELECT size, root, time, signature FROM checkpoint WHERE size < $2 ORDER BY size DESC LIMIT $1',
    [limit, below],
  );
  return rows.map((row) => ({ ...row, size: Number(row.size), time: row.time.getTime() }));
}

export async function checkpointAt(db: Pick<Tx, 'query'>, size: number): Promise<CheckpointRow | undefined> {
  const { rows } = await db.query<{ size: string; root: Buffer; time: Date; signature: string }>(
    'SELECT size, root, time, signature FROM checkpoint WHERE size = $1',
    [size],
  );
  const [row] = rows;
  return row && { ...row, size: Number(row.size), time: row.time.getTime() };
}

/** Entries that no checkpoint covers: how many, and the time of the first, ms since the epoch. */
export async function unsignedEntries(db: Pick<Tx, 'query'>): Promise<{ count: number; oldest: number | undefined }> {
  const { rows } = await db.query<{ count: string; oldest: Date | null }>(
    `WITH signed AS (SELECT coalesce(max(size), 0) AS size FROM checkpoint)
     SELECT head.size - signed.size AS count, (SELECT time FROM entry WHERE index = signed.size) AS oldest
     FROM head, signed`,
  );
  const { count = '0', oldest = null } = rows[0] ?? {};
  return { count: Number(count), oldest: oldest?.getTime() };
}
