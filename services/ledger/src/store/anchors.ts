import type { Database, Tx } from '@medshare/database';
import type { Anchor, EventOf } from '@medshare/events';

type Sealed = EventOf<'record.sealed'>;

/** Puts a sealed record in the queue; the same one again changes nothing. */
export async function enqueueAnchor(
  tx: Tx,
  { recordId, patientKey, anchor, receivedAt }: Sealed,
  traceparent?: string,
): Promise<void> {
  await tx.query(
    `INSERT INTO anchor (record_id, patient_key, tag, body, received_at, state, traceparent)
     VALUES ($1, $2, $3, $4, $5, 'waiting', $6) ON CONFLICT (record_id) DO NOTHING`,
    [recordId, patientKey, anchor.tag, anchor, receivedAt, traceparent ?? null],
  );
}

export interface WaitingAnchor {
  record_id: string;
  body: Anchor;
  /** of the step that enqueued it */
  traceparent: string | null;
}

/** How many anchors wait, and since when the oldest does (ms). */
export async function anchorsWaiting(database: Database): Promise<{ count: number; since: number | undefined }> {
  const { rows } = await database.query<{ count: number; since: string | null }>(
    `SELECT count(*)::int AS count, min(received_at) AS since FROM anchor WHERE state = 'waiting'`,
  );
  const [row] = rows;
  return { count: row?.count ?? 0, since: row?.since == null ? undefined : Number(row.since) };
}

/** The oldest anchors that are not known to be on the chain. */
export async function waitingAnchors(database: Database, limit: number): Promise<WaitingAnchor[]> {
  const { rows } = await database.query<WaitingAnchor>(
    `SELECT record_id, body, traceparent FROM anchor WHERE state = 'waiting' ORDER BY sequence LIMIT $1`,
    [limit],
  );
  return rows;
}

export interface AnchorBacklog {
  waiting: number;
  refused: number;
  /** when the oldest record that waits was received, ms since the epoch; undefined when none waits */
  oldest: number | undefined;
}

export async function anchorBacklog(database: Database): Promise<AnchorBacklog> {
  const { rows } = await database.query<{ waiting: number; oldest: string | null; refused: number }>(
    `SELECT count(*)::int AS waiting, min(received_at) AS oldest,
       (SELECT count(*)::int FROM anchor WHERE state = 'refused') AS refused
     FROM anchor WHERE state = 'waiting'`,
  );
  const { waiting = 0, refused = 0, oldest = null } = rows[0] ?? {};
  return { waiting, refused, oldest: oldest === null ? undefined : Number(oldest) };
}

export interface AnchoredRow {
  record_id: string;
  patient_key: string;
  tag: string;
  received_at: string;
  traceparent: string | null;
}

/**
 * Marks what a committed block anchored; only rows that still waited come back, so that each is told once. A row of other
 * content under the tag is not what the block anchored: it goes on waiting, and the chain refuses it.
 */
export async function markAnchored(
  tx: Tx,
  anchors: Anchor[],
  at: { block: number; txId: string },
): Promise<AnchoredRow[]> {
  const { rows } = await tx.query<AnchoredRow>(
    `UPDATE anchor SET state = 'anchored', block = $2, tx_id = $3, anchored_at = clock_timestamp()
     FROM jsonb_array_elements($1::jsonb) AS committed
     WHERE tag = committed ->> 'tag' AND body = committed AND state = 'waiting'
     RETURNING record_id, patient_key, tag, received_at, traceparent`,
    [JSON.stringify(anchors), at.block, at.txId],
  );
  return rows;
}

/** Where a record's anchor stands; undefined when none was enqueued. */
export async function findAnchor(
  database: Database,
  recordId: string,
): Promise<{ state: 'waiting' | 'anchored' | 'refused'; block?: number; at?: number } | undefined> {
  const { rows } = await database.query<{
    state: 'waiting' | 'anchored' | 'refused';
    block: string | null;
    anchored_at: Date | null;
  }>('SELECT state, block, anchored_at FROM anchor WHERE record_id = $1', [recordId]);
  const [row] = rows;
  return (
    row && {
      state: row.state,
      ...(row.block !== null && { block: Number(row.block) }),
      ...(row.anchored_at && { at: row.anchored_at.getTime() }),
    }
  );
}

/** Marks anchors whose tag was taken by other content: they never come on the chain. */
export async function markRefused(tx: Tx, tags: string[]): Promise<string[]> {
  const { rows } = await tx.query<{ record_id: string }>(
    `UPDATE anchor SET state = 'refused' WHERE tag = ANY($1::text[]) AND state = 'waiting' RETURNING record_id`,
    [tags],
  );
  return rows.map(({ record_id }) => record_id);
}

export async function nextBlock(database: Database): Promise<number> {
  const { rows } = await database.query<{ next: string }>('SELECT next FROM cursor');
  return Number(rows[0]?.next ?? 0);
}

/** Takes the follower's place until the transaction ends. @returns the next block to follow */
export async function lockCursor(tx: Tx): Promise<number> {
  const { rows } = await tx.query<{ next: string }>('SELECT next FROM cursor FOR UPDATE');
  return Number(rows[0]?.next ?? 0);
}

export async function advanceCursor(tx: Tx, next: number): Promise<void> {
  await tx.query('UPDATE cursor SET next = $1 WHERE next < $1', [next]);
}

/** The traces in which these anchors of the institution's own came about. */
export async function tracesOf(database: Database, tags: readonly string[]): Promise<string[]> {
  const { rows } = await database.query<{ traceparent: string }>(
    'SELECT traceparent FROM anchor WHERE tag = ANY($1::text[]) AND traceparent IS NOT NULL LIMIT 128',
    [tags],
  );
  return rows.map(({ traceparent }) => traceparent);
}
