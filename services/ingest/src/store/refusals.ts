import type { Queryable, Tx } from '@medshare/database';

export interface RefusalRow {
  readonly id: string;
  readonly time: number;
  readonly via: string;
  readonly kind: string;
  readonly feed: string | null;
  readonly content: string | null;
  readonly size: number;
  readonly problems: readonly { readonly code: string; readonly where?: string }[];
}

export async function insertRefusals(tx: Tx, rows: readonly RefusalRow[]): Promise<void> {
  await tx.query(
    `INSERT INTO refusal (id, time, via, kind, feed, content, size, code, place, problems)
     SELECT id, time, via, kind, feed, content, size, problems->0->>'code', problems->0->>'where', problems
     FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[], $8::jsonb[])
       WITH ORDINALITY AS t (id, time, via, kind, feed, content, size, problems, n)
     ORDER BY n`,
    [
      rows.map(({ id }) => id),
      rows.map(({ time }) => new Date(time)),
      rows.map(({ via }) => via),
      rows.map(({ kind }) => kind),
      rows.map(({ feed }) => feed),
      rows.map(({ content }) => content),
      rows.map(({ size }) => size),
      rows.map(({ problems }) => JSON.stringify(problems)),
    ],
  );
}

export interface ListedRefusal {
  readonly id: string;
  readonly position: number;
  readonly time: string;
  readonly via: string;
  readonly kind: string;
  readonly feed: string | null;
  readonly content: string | null;
  readonly size: number;
  readonly problems: readonly { readonly code: string; readonly where?: string }[];
}

/** Newest first, before a position. */
export async function listRefusals(
  on: Queryable,
  { before, limit }: { before: number; limit: number },
): Promise<ListedRefusal[]> {
  const { rows } = await on.query<Omit<ListedRefusal, 'time' | 'position'> & { at: Date; position: string }>(
    `SELECT id, position, time AS at, via, kind, feed, content, size, problems
     FROM refusal WHERE position < $1 ORDER BY position DESC LIMIT $2`,
    [before, limit],
  );
  return rows.map(({ at, position, ...row }) => ({ ...row, position: Number(position), time: at.toISOString() }));
}
