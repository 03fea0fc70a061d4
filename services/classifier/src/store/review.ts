import type { Tx } from '@medshare/database';

/** Something a person should look at. */
export interface ReviewItem {
  path: string;
  category?: string;
  /** rule of the label, or code of the issue */
  rule: string;
}

/** Queues what a record's classification is unsure of; a second classification of the record replaces nothing. */
export async function queueReview(tx: Tx, recordId: string, items: readonly ReviewItem[], now: number): Promise<void> {
  if (items.length === 0) return;
  await tx.query(
    `INSERT INTO review (record_id, position, path, category, rule, found_at)
     SELECT $1, n, path, category, rule, $5
     FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS item(path, category, rule, n)
     ON CONFLICT DO NOTHING`,
    [
      recordId,
      items.map(({ path }) => path),
      items.map(({ category }) => category ?? null),
      items.map(({ rule }) => rule),
      new Date(now),
    ],
  );
}
