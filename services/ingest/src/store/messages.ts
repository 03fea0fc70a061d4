import type { Call, Queryable } from '@medshare/database';

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
}

export interface KnownMessage {
  readonly id: string;
  readonly key: string;
  readonly content: string;
}

/** Messages that came under one of these keys. */
export async function findByKeys(on: Queryable, keys: readonly string[]): Promise<KnownMessage[]> {
  if (keys.length === 0) return [];
  const text = 'SELECT id, key, content FROM message WHERE key = ANY($1::text[])';
  return (await on.query<{ id: string; key: string; content: string }>({ name: 'ingest.by-key', text }, [keys])).rows;
}

/** Positions follow the order of the rows. A key and variant that exist already are a unique violation (23505). */
export function insertingMessages(rows: readonly MessageRow[], receivedAt: number): Call {
  const columns = ['id', 'kind', 'feed', 'key', 'variant', 'content', 'patientKey', 'size', 'payload'] as const;
  return {
    name: 'insert_messages',
    args: [...columns.map((name) => rows.map((row) => row[name])), new Date(receivedAt)],
  };
}

/** Notes the record that a message became. */
export async function settleMessage(on: Queryable, id: string, recordId: string, now: number): Promise<void> {
  const text = `UPDATE message SET state = 'mapped', record_id = $2, settled_at = $3 WHERE id = $1`;
  await on.query({ name: 'ingest.settle', text }, [id, recordId, new Date(now)]);
}
