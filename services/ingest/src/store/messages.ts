import type { Tx } from '@medshare/database';

export interface MessageRow {
  readonly id: string;
  readonly kind: 'hl7v2' | 'fhir';
  readonly feed: string;
  /** null: the sender gave no id */
  readonly key: string | null;
  /** empty for the first message under its key, else its content */
  readonly variant: string;
  readonly content: string;
  readonly patientKey: string;
  readonly size: number;
  readonly payload: string;
  readonly receivedAt: number;
}

export interface KnownMessage {
  readonly id: string;
  readonly key: string;
  readonly content: string;
}

/** Messages that came under one of these keys. */
export async function findByKeys(tx: Tx, keys: readonly string[]): Promise<KnownMessage[]> {
  if (keys.length === 0) return [];
  const text = 'SELECT id, key, content FROM message WHERE key = ANY($1::text[])';
  return (await tx.query<{ id: string; key: string; content: string }>({ name: 'ingest.by-key', text }, [keys])).rows;
}

const insert = `INSERT INTO message (id, kind, feed, key, variant, content, patient_key, size, payload, received_at)
  SELECT id, kind, feed, key, variant, content, patient_key, size, payload, received_at
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[], $9::uuid[], $10::timestamptz[])
    WITH ORDINALITY AS t (id, kind, feed, key, variant, content, patient_key, size, payload, received_at, n)
  ORDER BY n`;

/** Positions follow the order of the rows. A key and variant that exist already are a unique violation (23505). */
export async function insertMessages(tx: Tx, rows: readonly MessageRow[]): Promise<void> {
  if (rows.length === 0) return;
  const column = <K extends keyof MessageRow>(name: K): MessageRow[K][] => rows.map((row) => row[name]);
  await tx.query({ name: 'ingest.insert', text: insert }, [
    column('id'),
    column('kind'),
    column('feed'),
    column('key'),
    column('variant'),
    column('content'),
    column('patientKey'),
    column('size'),
    column('payload'),
    rows.map(({ receivedAt }) => new Date(receivedAt)),
  ]);
}

/** Notes the record that a message became. */
export async function settleMessage(tx: Tx, id: string, recordId: string, now: number): Promise<void> {
  const text = `UPDATE message SET state = 'mapped', record_id = $2, settled_at = $3 WHERE id = $1`;
  await tx.query({ name: 'ingest.settle', text }, [id, recordId, new Date(now)]);
}
