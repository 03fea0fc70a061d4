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

export interface RefusalFilter {
  readonly feed?: string | undefined;
  /** of any of its problems */
  readonly code?: string | undefined;
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly before: number;
  readonly limit: number;
}

/** Newest first, before a position. */
export async function listRefusals(
  on: Queryable,
  { feed, code, since, until, before, limit }: RefusalFilter,
): Promise<ListedRefusal[]> {
  const dateOf = (ms: number | undefined) => (ms === undefined ? null : new Date(ms));
  const { rows } = await on.query<Omit<ListedRefusal, 'time' | 'position'> & { at: Date; position: string }>(
    `SELECT id, position, time AS at, via, kind, feed, content, size, problems
     FROM refusal WHERE position < $1 AND ($2::text IS NULL OR feed = $2)
       AND ($3::text IS NULL OR problems @> jsonb_build_array(jsonb_build_object('code', $3::text)))
       AND ($4::timestamptz IS NULL OR time >= $4) AND ($5::timestamptz IS NULL OR time < $5)
     ORDER BY position DESC LIMIT $6`,
    [before, feed ?? null, code ?? null, dateOf(since), dateOf(until), limit],
  );
  return rows.map(({ at, position, ...row }) => ({ ...row, position: Number(position), time: at.toISOString() }));
}
