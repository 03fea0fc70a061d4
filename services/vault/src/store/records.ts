import type { Queryable, Tx } from '@medshare/database';
import type { Anchor } from '@medshare/events';

/** A sealed section as the institution itself keeps it. */
export interface SectionRow {
  id: string;
  dealId?: string | undefined;
  class?: string | undefined;
  level?: number | undefined;
  cid: string;
  wrappedKey: Uint8Array;
}

/** Everything about one sealed record. */
export interface RecordRow {
  id: string;
  patientKey: string;
  episode: string;
  indexId: string;
  counter: number;
  anchor: Anchor;
  manifest: Uint8Array;
  receivedAt: number;
  sections: readonly SectionRow[];
}

export async function isSealed(db: Queryable, recordId: string): Promise<boolean> {
  const { rows } = await db.query('SELECT 1 FROM record WHERE id = $1', [recordId]);
  return rows.length > 0;
}

export async function insertRecord(tx: Tx, record: RecordRow, now: number): Promise<void> {
  const { id, patientKey, episode, indexId, counter, anchor, manifest, receivedAt, sections } = record;
  await tx.query(
    `INSERT INTO record (id, patient_key, episode, index_id, counter, tag, anchor, manifest_cid, manifest, received_at, sealed_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      ...[id, patientKey, episode, indexId, counter, anchor.tag, JSON.stringify(anchor), anchor.manifest],
      ...[Buffer.from(manifest), new Date(receivedAt), new Date(now)],
    ],
  );
  await tx.query(
    `INSERT INTO section (record_id, position, id, deal_id, class, level, cid, wrapped_key)
     SELECT $1, n - 1, id, deal_id, class, level, cid, wrapped_key
     FROM unnest($2::uuid[], $3::text[], $4::text[], $5::int[], $6::text[], $7::bytea[])
       WITH ORDINALITY AS s(id, deal_id, class, level, cid, wrapped_key, n)`,
    [
      id,
      sections.map((section) => section.id),
      sections.map(({ dealId }) => dealId ?? null),
      sections.map((section) => section.class ?? null),
      sections.map(({ level }) => level ?? null),
      sections.map(({ cid }) => cid),
      sections.map(({ wrappedKey }) => Buffer.from(wrappedKey)),
    ],
  );
}
