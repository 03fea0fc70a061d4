import type { Queryable, Tx } from '@medshare/database';

/** A version of a consent as it stands in its table. */
export interface ConsentRow {
  consentId: string;
  version: number;
  /** HMAC of the patient's agreed identifier */
  patient: string;
  status: string;
  commitment: string;
  previous: string | null;
  salt: string;
  digest: string;
  /** ms */
  recordedAt: number;
  recordedBy: string;
  wrapped: Buffer;
  sealed: Buffer;
}

const columns = `consent_id AS "consentId", version, patient, status, commitment, previous, salt, digest,
  recorded_at::float8 AS "recordedAt", recorded_by AS "recordedBy", wrapped, sealed`;

/** Held until the transaction ends by whoever records a consent of these patients, and by whoever decides on them. */
export async function lockPatients(tx: Queryable, patients: readonly string[]): Promise<void> {
  for (const patient of [...patients].sort())
    await tx.query(
      `SELECT 1 AS held FROM (SELECT pg_advisory_xact_lock(hashtextextended('consents/' || $1::text, 0))) AS lock`,
      [patient],
    );
}

export async function insertConsent(tx: Tx, row: ConsentRow): Promise<void> {
  await tx.query(
    `INSERT INTO consent_version (consent_id, version, patient, status, commitment, previous, salt, digest, recorded_at, recorded_by, wrapped, sealed)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    [
      row.consentId,
      row.version,
      row.patient,
      row.status,
      row.commitment,
      row.previous,
      row.salt,
      row.digest,
      row.recordedAt,
      row.recordedBy,
      row.wrapped,
      row.sealed,
    ],
  );
}

/** All versions, the newest first. */
export async function versionsOf(db: Queryable, consentId: string, limit: number): Promise<ConsentRow[]> {
  const { rows } = await db.query<ConsentRow>(
    `SELECT ${columns} FROM consent_version WHERE consent_id = $1 ORDER BY version DESC LIMIT $2`,
    [consentId, limit],
  );
  return rows;
}

/** The latest version of each of the patients' consents, as it stood at an instant, ms. */
export async function latestOf(db: Queryable, patients: readonly string[], at?: number): Promise<ConsentRow[]> {
  const { rows } = await db.query<ConsentRow>(
    `SELECT DISTINCT ON (consent_id) ${columns} FROM consent_version
     WHERE patient = ANY($1) AND ($2::bigint IS NULL OR recorded_at <= $2) ORDER BY consent_id, version DESC`,
    [patients, at ?? null],
  );
  return rows;
}
