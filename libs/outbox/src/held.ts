import type { Queryable } from '@medshare/database';

/** An event that has not reached the bus for this long is held, ms; a younger one is on its way. */
export const ON_ITS_WAY_MS = 3_600_000;

/** What a role last told that it still needs of what all roles share: payloads, their keys, events and ids. */
export interface Held {
  readonly role: string;
  /** ms since the epoch, of the first event that is parked (in any state) or does not reach the bus; undefined when there is none */
  readonly oldest: number | undefined;
  /** ms since the epoch by the database's clock, before the role looked: what was parked by then, it has seen */
  readonly toldAt: number;
}

/** @returns ms since the epoch by the database's clock, the one that all processes share */
export async function databaseTime(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ now: Date }>('SELECT clock_timestamp() AS now');
  return rows[0]?.now.getTime() ?? Number.NaN;
}

/**
 * Tells what a role holds, in schema `transit`, where every role reads it. Replicas may each tell: the latest look stays.
 * @param shared schema `transit`
 * @param own the role's schema
 */
export async function tellHeld(shared: Queryable, role: string, own: Queryable): Promise<void> {
  const toldAt = await databaseTime(shared);
  const oldest = await oldestHeld(own);
  // a time that is still to come was told while the clock was wrong: it must not keep the truth out
  await shared.query(
    `INSERT INTO transit.held (role, oldest, told_at) VALUES ($1, $2, $3)
     ON CONFLICT (role) DO UPDATE SET oldest = excluded.oldest, told_at = excluded.told_at
     WHERE held.told_at <= excluded.told_at OR held.told_at > clock_timestamp()`,
    [role, oldest, new Date(toldAt)],
  );
}

/** @returns the last word of every role that ever told, in no order */
export async function readHeld(shared: Queryable): Promise<Held[]> {
  const { rows } = await shared.query<{ role: string; oldest: Date | null; told_at: Date }>(
    'SELECT role, oldest, told_at FROM transit.held',
  );
  return rows.map(({ role, oldest, told_at: toldAt }) => ({
    role,
    oldest: oldest?.getTime(),
    toldAt: toldAt.getTime(),
  }));
}

/** A parked event holds however young it is: it may have waited long before it was parked, and its payload is older than both. */
async function oldestHeld(own: Queryable): Promise<Date | null> {
  const { rows } = await own.query<{ oldest: Date | null }>(
    `SELECT min(at) AS oldest FROM (
       SELECT at FROM inbox_parked
       UNION ALL
       SELECT at FROM (SELECT at FROM outbox ORDER BY seq LIMIT 1) AS first
       WHERE at < clock_timestamp() - $1::float8 * interval '1 ms'
     ) AS held`,
    [ON_ITS_WAY_MS],
  );
  return rows[0]?.oldest ?? null;
}
