import type { Queryable } from '@medshare/database';

/** The inbox's notes of parked `message.accepted` events; the event's id is the message's. */
export async function findParked(
  on: Queryable,
  messageId: string,
): Promise<{ code: string; where: string | null } | undefined> {
  const { rows } = await on.query<{ code: string; where: string | null }>(
    `SELECT code, place AS "where" FROM inbox_parked WHERE id = $1 AND state = 'parked' LIMIT 1`,
    [messageId],
  );
  return rows[0];
}

export async function countParked(on: Queryable): Promise<number> {
  const { rows } = await on.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM inbox_parked WHERE topic = 'message.accepted' AND state <> 'waiting' AND (fence IS NULL OR fence = id)`,
  );
  return rows[0]?.n ?? 0;
}
