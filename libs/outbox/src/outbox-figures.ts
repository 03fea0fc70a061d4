import type { Queryable } from '@medshare/database';

export interface OutboxFigures {
  /** events that the bus does not have yet */
  readonly waiting: number;
  /** when the first of them was written, ms since the epoch; undefined when there is none */
  readonly oldest: number | undefined;
}

/** How far the relay of a role's schema is behind. */
export async function outboxFigures(db: Queryable): Promise<OutboxFigures> {
  const { rows } = await db.query<{ waiting: number; oldest: Date | null }>(
    'SELECT count(*)::int AS waiting, (SELECT at FROM outbox ORDER BY seq LIMIT 1) AS oldest FROM outbox',
  );
  const { waiting = 0, oldest = null } = rows[0] ?? {};
  return { waiting, oldest: oldest?.getTime() };
}
