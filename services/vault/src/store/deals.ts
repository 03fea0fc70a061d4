import type { Deal } from '@medshare/crypto';
import type { Queryable, Tx } from '@medshare/database';

/** What one delegating key is for, by the institution's own opaque ids. */
export interface Scope {
  patientKey: string;
  episode: string;
  class: string;
}

/** The epoch in which is sealed; a later one begins when a leaf moves. */
export const currentEpoch = 0;

export async function findDeal(db: Queryable, { patientKey, episode, class: of }: Scope): Promise<Deal | undefined> {
  const { rows } = await db.query<{ document: Deal }>(
    'SELECT document FROM deal WHERE patient_key = $1 AND episode = $2 AND class = $3 AND epoch = $4',
    [patientKey, episode, of, currentEpoch],
  );
  return rows[0]?.document;
}

export interface BoxedShare {
  leaf: string;
  institution: string;
  boxed: Uint8Array;
}

/** The deal and its leaves on their way, together or not at all. */
export async function insertDeal(
  tx: Tx,
  scope: Scope,
  deal: Deal,
  shares: readonly BoxedShare[],
  now: number,
): Promise<void> {
  const at = new Date(now);
  await tx.query(
    'INSERT INTO deal (id, patient_key, episode, class, epoch, document, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7)',
    [deal.id, scope.patientKey, scope.episode, scope.class, deal.about.epoch, JSON.stringify(deal), at],
  );
  await tx.query(
    `INSERT INTO delivery (deal_id, leaf, institution, boxed_share, due_at)
     SELECT $1, leaf, institution, boxed, $5 FROM unnest($2::text[], $3::text[], $4::bytea[]) AS d(leaf, institution, boxed)`,
    [
      deal.id,
      shares.map(({ leaf }) => leaf),
      shares.map(({ institution }) => institution),
      shares.map(({ boxed }) => Buffer.from(boxed)),
      at,
    ],
  );
}

export interface DueDelivery {
  deal: Deal;
  leaf: string;
  institution: string;
  boxed: Buffer;
  attempts: number;
}

/** Leaves that are due, oldest first. */
export async function dueDeliveries(db: Queryable, now: number, limit: number): Promise<DueDelivery[]> {
  const { rows } = await db.query<DueDelivery>(
    `SELECT d.document AS deal, v.leaf, v.institution, v.boxed_share AS boxed, v.attempts
     FROM delivery v JOIN deal d ON d.id = v.deal_id
     WHERE v.acknowledged_at IS NULL AND v.due_at <= $1 ORDER BY v.due_at LIMIT $2`,
    [new Date(now), limit],
  );
  return rows;
}

export async function noteAcknowledged(
  tx: Tx,
  dealId: string,
  leaf: string,
  signature: string,
  now: number,
): Promise<string[]> {
  await tx.query(
    `UPDATE delivery SET acknowledged_at = $3, acknowledgement = $4, boxed_share = NULL, problem = NULL
     WHERE deal_id = $1 AND leaf = $2 AND acknowledged_at IS NULL`,
    [dealId, leaf, new Date(now), signature],
  );
  // the deal's row is locked first by whoever acknowledges, so that of two last ones the second sees the first
  const { rows } = await tx.query<{ leaf: string }>(
    'SELECT leaf FROM delivery WHERE deal_id = $1 AND acknowledged_at IS NOT NULL',
    [dealId],
  );
  return rows.map((row) => row.leaf);
}

export async function lockDeal(tx: Tx, dealId: string): Promise<void> {
  await tx.query('SELECT 1 FROM deal WHERE id = $1 FOR NO KEY UPDATE', [dealId]);
}

export async function noteShareable(tx: Tx, dealId: string, now: number): Promise<boolean> {
  const { rowCount } = await tx.query('UPDATE deal SET shareable_at = $2 WHERE id = $1 AND shareable_at IS NULL', [
    dealId,
    new Date(now),
  ]);
  return rowCount === 1;
}

export async function postpone(db: Queryable, due: DueDelivery, problem: string, at: number): Promise<void> {
  await db.query(
    `UPDATE delivery SET attempts = attempts + 1, problem = $3, due_at = $4
     WHERE deal_id = $1 AND leaf = $2 AND acknowledged_at IS NULL`,
    [due.deal.id, due.leaf, problem, new Date(at)],
  );
}

export interface DealOfTags {
  deal: Deal;
  class: string;
  level: number;
  shareable: boolean;
  sections: number;
  /** HMAC of the patient's agreed identifier; absent for a patient that has none */
  patient?: string;
}

/** Deals of this institution's sections behind these tags. */
export const dealsOfTags = (db: Queryable, tags: readonly string[], limit: number): Promise<DealOfTags[]> =>
  dealsWhere(db, 'r.tag = ANY($1)', tags, limit);

/** Deals of everything that stands under an agreed identifier's index. */
export const dealsOfIdentifier = (db: Queryable, identifier: string, limit: number): Promise<DealOfTags[]> =>
  dealsWhere(db, 'i.identifier = $1', identifier, limit);

async function dealsWhere(
  db: Queryable,
  condition: 'r.tag = ANY($1)' | 'i.identifier = $1',
  value: string | readonly string[],
  limit: number,
): Promise<DealOfTags[]> {
  const { rows } = await db.query<Omit<DealOfTags, 'patient'> & { patient: string | null }>(
    `SELECT d.document AS deal, d.class, max(s.level) AS level, d.shareable_at IS NOT NULL AS shareable,
            count(*)::int AS sections, max(i.identifier) AS patient
     FROM record r JOIN section s ON s.record_id = r.id JOIN deal d ON d.id = s.deal_id JOIN index_key i ON i.id = r.index_id
     WHERE ${condition} GROUP BY d.id ORDER BY d.made_at, d.id LIMIT $2`,
    [value, limit],
  );
  return rows.map(({ patient, ...row }) => ({ ...row, ...(patient === null ? {} : { patient }) }));
}
