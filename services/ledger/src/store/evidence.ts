import type { Database, Queryable, Tx } from '@medshare/database';
import type { EmergencyEvidence } from '@medshare/events';

export interface WaitingEvidence {
  id: string;
  body: EmergencyEvidence;
  releasedAt: number;
}

/** Puts evidence in the queue; the same again changes nothing. */
export async function enqueueEvidence(tx: Tx, evidence: EmergencyEvidence): Promise<void> {
  const { request, release } = evidence;
  const id = [request.id, release?.leaf ?? '-', release?.entry ?? '-'].join('/');
  await tx.query(
    `INSERT INTO evidence (id, request_id, body, released_at, state)
     VALUES ($1, $2, $3, $4, 'waiting') ON CONFLICT (id) DO NOTHING`,
    [id, request.id, evidence, release?.releasedAt ?? request.issuedAt],
  );
}

/** The oldest evidence that is not known to be on the chain. */
export async function waitingEvidence(database: Database, limit: number): Promise<WaitingEvidence[]> {
  const { rows } = await database.query<{ id: string; body: EmergencyEvidence; released_at: string }>(
    `SELECT id, body, released_at FROM evidence WHERE state = 'waiting' ORDER BY sequence LIMIT $1`,
    [limit],
  );
  return rows.map(({ id, body, released_at }) => ({ id, body, releasedAt: Number(released_at) }));
}

/** @returns whether it still waited: told once, although it is submitted again after a crash */
export async function settleEvidence(
  tx: Tx,
  id: string,
  settled: { state: 'anchored' | 'refused'; block?: number; lateMs?: number; problem?: string },
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `UPDATE evidence SET state = $2, block = $3, late_ms = $4, problem = $5 WHERE id = $1 AND state = 'waiting'`,
    [id, settled.state, settled.block ?? null, settled.lateMs ?? null, settled.problem ?? null],
  );
  return rowCount === 1;
}

export interface EvidenceBacklog {
  waiting: number;
  refused: number;
  /** ms since the epoch; undefined when nothing waits */
  oldest: number | undefined;
}

export async function evidenceBacklog(db: Queryable): Promise<EvidenceBacklog> {
  const { rows } = await db.query<{ waiting: number; refused: number; oldest: string | null }>(
    `SELECT count(*) FILTER (WHERE state = 'waiting')::int AS waiting, count(*) FILTER (WHERE state = 'refused')::int AS refused,
       min(released_at) FILTER (WHERE state = 'waiting') AS oldest FROM evidence WHERE state <> 'anchored'`,
  );
  const { waiting = 0, refused = 0, oldest = null } = rows[0] ?? {};
  return { waiting, refused, oldest: oldest === null ? undefined : Number(oldest) };
}
