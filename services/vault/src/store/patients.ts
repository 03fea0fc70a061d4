import type { Queryable, Tx } from '@medshare/database';

/** A patient's index key as it is kept: wrapped, its counters allocated in order. */
export interface IndexRow {
  id: string;
  /** absent for a patient without an agreed identifier: not searchable */
  identifier: string | null;
  wrapped: Buffer;
}

const columns = 'i.id, i.identifier, i.wrapped';

/** @param identifier the institution's HMAC of the agreed identifier */
export async function indexOfIdentifier(db: Queryable, identifier: string): Promise<IndexRow | undefined> {
  const { rows } = await db.query<IndexRow>(`SELECT ${columns} FROM index_key i WHERE identifier = $1`, [identifier]);
  return rows[0];
}

export async function indexOfPatient(db: Queryable, patientKey: string): Promise<IndexRow | undefined> {
  const { rows } = await db.query<IndexRow>(
    `SELECT ${columns} FROM patient p JOIN index_key i ON i.id = p.index_id WHERE p.patient_key = $1`,
    [patientKey],
  );
  return rows[0];
}

/** Waits for another transaction that keeps the same identifier's key; the first one stays. */
export async function keepIndex(tx: Queryable, row: IndexRow, now: number): Promise<void> {
  await tx.query(
    `INSERT INTO index_key (id, identifier, wrapped, made_at) VALUES ($1, $2, $3, $4) ON CONFLICT (identifier) DO NOTHING`,
    [row.id, row.identifier, row.wrapped, new Date(now)],
  );
}

/** From now on the patient's records stand under this index. */
export async function assignIndex(tx: Tx, patientKey: string, indexId: string): Promise<void> {
  await tx.query(
    `INSERT INTO patient (patient_key, index_id) VALUES ($1, $2)
     ON CONFLICT (patient_key) DO UPDATE SET index_id = $2 WHERE patient.index_id <> $2`,
    [patientKey, indexId],
  );
}

/** The next counter, under the row's lock: a rollback gives it back, so there are no gaps. */
export async function nextCounter(tx: Tx, indexId: string): Promise<number> {
  const { rows } = await tx.query<{ counter: number }>(
    'UPDATE index_key SET next_counter = next_counter + 1 WHERE id = $1 RETURNING next_counter - 1 AS counter',
    [indexId],
  );
  if (!rows[0]) throw new Error('no such index');
  return rows[0].counter;
}
