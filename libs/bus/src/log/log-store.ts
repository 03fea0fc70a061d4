import type { Database, Tx } from '@medshare/database';
import { decodeMessage, partitionOf, type EncodedMessage } from '../message.js';
import type { Lag } from '../bus.port.js';
import type { PlacedMessage } from '../hand-over.js';

/** One partition of one group. */
export interface Place {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
}

export interface Ready extends Place {
  /** ms until it may be tried again; 0 is now */
  readonly wait: number;
}

export interface Claimed {
  readonly off: number;
  readonly attempts: number;
}

const partitionsOf = new WeakMap<Database, Map<string, number>>();

/** Makes the topic once; its partition count never changes afterwards. @returns the count */
export const ensureTopic = async (db: Database, topic: string, partitions: number): Promise<number> => {
  const known = partitionsOf.get(db) ?? new Map<string, number>();
  partitionsOf.set(db, known);
  const cached = known.get(topic);
  if (cached !== undefined) return cached;
  const count = await db.transaction(async (tx) => {
    await tx.query('INSERT INTO topic VALUES ($1, $2) ON CONFLICT DO NOTHING', [topic, partitions]);
    const { rows } = await tx.query<{ partitions: number }>('SELECT partitions FROM topic WHERE name = $1', [topic]);
    const found = rows[0]?.partitions ?? partitions;
    await tx.query('INSERT INTO head (topic, part) SELECT $1, generate_series(0, $2 - 1) ON CONFLICT DO NOTHING', [
      topic,
      found,
    ]);
    return found;
  });
  known.set(topic, count);
  return count;
};

const appendStatement = { name: 'bus-append', text: 'SELECT append($1, $2, $3, $4, $5, $6)' };

export const append = async (db: Database, messages: readonly EncodedMessage[], partitions: number): Promise<void> => {
  const counts = new Map<string, number>();
  for (const topic of new Set(messages.map((message) => message.topic))) {
    counts.set(topic, await ensureTopic(db, topic, partitions));
  }
  const column = <K extends keyof EncodedMessage>(name: K) => messages.map((message) => message[name]);
  const places = messages.map(({ topic, key }) => partitionOf(key, counts.get(topic) ?? partitions));
  await db.query(appendStatement, [
    column('topic'),
    places,
    column('id'),
    column('key'),
    column('headers'),
    column('value'),
  ]);
};

export const ensureGroup = async (db: Database, group: string, topic: string, partitions: number): Promise<void> => {
  await db.query(
    'INSERT INTO cursor (grp, topic, part) SELECT $1, $2, generate_series(0, $3 - 1) ON CONFLICT DO NOTHING',
    [group, topic, partitions],
  );
};

/** One query for all subscriptions of a process: where something waits. */
export const findReady = async (
  db: Database,
  groups: readonly string[],
  topics: readonly string[],
): Promise<Ready[]> => {
  const { rows } = await db.query<{ grp: string; topic: string; part: number; wait: number }>(
    {
      name: 'bus-ready',
      text: `SELECT c.grp, c.topic, c.part,
               greatest(0, coalesce(extract(epoch FROM c.retry_at - clock_timestamp()) * 1000, 0))::float8 AS wait
             FROM unnest($1::text[], $2::text[]) AS s(grp, topic)
             JOIN cursor c ON c.grp = s.grp AND c.topic = s.topic
             JOIN head h ON h.topic = c.topic AND h.part = c.part
             WHERE c.off < h.next`,
    },
    [groups, topics],
  );
  return rows.map(({ grp, topic, part, wait }) => ({ group: grp, topic, partition: part, wait }));
};

/** Takes the place for this transaction; undefined when another consumer has it or it waits to be tried again. */
export const claim = async (tx: Tx, { group, topic, partition }: Place): Promise<Claimed | undefined> => {
  const { rows } = await tx.query<{ off: string; attempts: number }>(
    {
      name: 'bus-claim',
      text: `SELECT off, attempts FROM cursor WHERE grp = $1 AND topic = $2 AND part = $3
             AND (retry_at IS NULL OR retry_at <= clock_timestamp()) FOR UPDATE SKIP LOCKED`,
    },
    [group, topic, partition],
  );
  return rows[0] && { off: Number(rows[0].off), attempts: rows[0].attempts };
};

/** What follows an offset. Where retention left nothing, `next` tells where the log goes on. */
export const read = async (
  tx: Tx,
  { topic, partition }: Place,
  off: number,
  limit: number,
): Promise<{ next: number; messages: PlacedMessage[] }> => {
  const head = await tx.query<{ next: string }>(
    { name: 'bus-head', text: 'SELECT next FROM head WHERE topic = $1 AND part = $2' },
    [topic, partition],
  );
  const { rows } = await tx.query<EncodedMessage & { off: string }>(
    {
      name: 'bus-read',
      text: 'SELECT topic, off, id, key, headers, value FROM entry WHERE topic = $1 AND part = $2 AND off >= $3 ORDER BY off LIMIT $4',
    },
    [topic, partition, off, limit],
  );
  return {
    next: Number(head.rows[0]?.next ?? off),
    messages: rows.map((row) => ({ offset: Number(row.off), message: decodeMessage(row) })),
  };
};

/** Notes progress, and after a failure when to try again (ms from now). */
export const advance = async (
  tx: Tx,
  { group, topic, partition }: Place,
  off: number,
  failed?: { attempts: number; delay: number },
): Promise<void> => {
  await tx.query(
    {
      name: 'bus-advance',
      text: `UPDATE cursor SET off = $4, attempts = $5, retry_at = clock_timestamp() + $6::float8 * interval '1 ms'
             WHERE grp = $1 AND topic = $2 AND part = $3`,
    },
    [group, topic, partition, off, failed?.attempts ?? 0, failed?.delay ?? null],
  );
};

export const lagOf = async (db: Database): Promise<Lag[]> => {
  const { rows } = await db.query<{ grp: string; topic: string; part: number; lag: string }>(
    `SELECT c.grp, c.topic, c.part, h.next - c.off AS lag FROM cursor c JOIN head h ON h.topic = c.topic AND h.part = c.part
     ORDER BY c.grp, c.topic, c.part`,
  );
  return rows.map(({ grp, topic, part, lag }) => ({ group: grp, topic, partition: part, lag: Number(lag) }));
};

/** Deletes what is older than an instant (ms) and what every group of its topic has done; what a group still needs stays. */
export const removeBefore = async (db: Database, instant: number): Promise<number> => {
  const { rowCount } = await db.query(
    `DELETE FROM entry e WHERE e.at < $1 AND e.off < coalesce(
       (SELECT min(c.off) FROM cursor c WHERE c.topic = e.topic AND c.part = e.part),
       (SELECT h.next FROM head h WHERE h.topic = e.topic AND h.part = e.part))`,
    [new Date(instant)],
  );
  return rowCount ?? 0;
};
