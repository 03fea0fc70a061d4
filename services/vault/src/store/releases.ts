import type { Tx } from '@medshare/database';

/** Releases and the end of them wait for each other, a request at a time. */
const lockRequest = (tx: Tx, requestId: string) =>
  tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('release.' || $1, 0))`, [requestId]);

/** Writes down what is about to leave. @returns false when the request's revocation was confirmed: nothing may leave */
export async function claimRelease(
  tx: Tx,
  requestId: string,
  leaf: string,
  sections: readonly string[],
  now: number,
): Promise<boolean> {
  await lockRequest(tx, requestId);
  const { rows } = await tx.query('SELECT 1 FROM revocation WHERE request_id = $1', [requestId]);
  if (rows.length > 0) return false;
  await tx.query(
    `INSERT INTO release (request_id, leaf, section, released_at)
     SELECT $1, $2, section, $4 FROM unnest($3::uuid[]) AS section ON CONFLICT DO NOTHING`,
    [requestId, leaf, sections, new Date(now)],
  );
  return true;
}

/** From its commit on nothing leaves for the request. @returns how many capsules' fragments had left before */
export async function endReleases(tx: Tx, requestId: string, now: number): Promise<number> {
  await lockRequest(tx, requestId);
  await tx.query('INSERT INTO revocation (request_id, confirmed_at) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
    requestId,
    new Date(now),
  ]);
  const { rows } = await tx.query<{ released: number }>(
    'SELECT count(DISTINCT section)::int AS released FROM release WHERE request_id = $1',
    [requestId],
  );
  return rows[0]?.released ?? 0;
}
