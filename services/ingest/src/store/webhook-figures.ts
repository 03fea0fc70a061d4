import type { Queryable } from '@medshare/database';

/** What a feed's webhook waits for. */
export interface WebhookFigures {
  readonly feed: string;
  readonly due: number;
  readonly failed: number;
  /** age of the oldest that is due, ms; 0 when nothing is */
  readonly oldestMs: number;
  /** subscriptions by what their source last said of them */
  readonly subscriptions: { readonly active: number; readonly error: number; readonly off: number };
}

export async function webhookFigures(on: Queryable, now: number): Promise<WebhookFigures[]> {
  const { rows } = await on.query<{
    feed: string;
    due: number;
    failed: number;
    oldest: Date | null;
    active: number;
    error: number;
    off: number;
  }>(
    `SELECT coalesce(f.feed, s.feed) AS feed, coalesce(due, 0) AS due, coalesce(failed, 0) AS failed, oldest,
       coalesce(active, 0) AS active, coalesce(error, 0) AS error, coalesce("off", 0) AS off
     FROM (SELECT feed, count(*) FILTER (WHERE state = 'due')::int AS due, count(*) FILTER (WHERE state = 'failed')::int AS failed,
             min(made_at) FILTER (WHERE state = 'due') AS oldest FROM webhook_fetch GROUP BY feed) f
     FULL JOIN (SELECT feed, count(*) FILTER (WHERE status IN ('active', 'requested'))::int AS active,
             count(*) FILTER (WHERE status = 'error')::int AS error,
             count(*) FILTER (WHERE status IN ('off', 'entered-in-error'))::int AS "off" FROM webhook_subscription GROUP BY feed) s
     ON s.feed = f.feed ORDER BY 1`,
  );
  return rows.map(({ feed, due, failed, oldest, active, error, off }) => ({
    ...{ feed, due, failed },
    oldestMs: oldest === null ? 0 : Math.max(0, now - oldest.getTime()),
    subscriptions: { active, error, off },
  }));
}

export interface ListedSubscription {
  readonly feed: string;
  readonly subscription: string;
  readonly status: string;
  readonly lastEvent: number;
  readonly missed: number;
  readonly heardAt: Date;
}

export async function listSubscriptions(on: Queryable, limit: number): Promise<ListedSubscription[]> {
  const { rows } = await on.query<
    Omit<ListedSubscription, 'lastEvent' | 'missed'> & { last_event: string; missed: string }
  >(
    `SELECT feed, left(encode(sha256(convert_to(subscription, 'UTF8')), 'hex'), 16) AS subscription, status, last_event, missed,
       heard_at AS "heardAt" FROM webhook_subscription ORDER BY feed, heard_at DESC LIMIT $1`,
    [limit],
  );
  return rows.map(({ last_event: lastEvent, missed, ...row }) => ({
    ...row,
    lastEvent: Number(lastEvent),
    missed: Number(missed),
  }));
}

export interface ListedFetch {
  readonly id: string;
  readonly feed: string;
  readonly kind: 'events' | 'resource' | 'search';
  readonly state: 'due' | 'failed';
  readonly first: number | null;
  readonly last: number | null;
  readonly attempts: number;
  readonly problem: string | null;
  readonly place: string | null;
  readonly madeAt: Date;
  readonly nextAt: Date;
}

/** What is to be fetched, failed ones first. */
export async function listFetches(on: Queryable, limit: number): Promise<ListedFetch[]> {
  const { rows } = await on.query<Omit<ListedFetch, 'first' | 'last'> & { first: string | null; last: string | null }>(
    `SELECT id, feed, kind, state, first_event AS first, last_event AS last, attempts, problem, place, made_at AS "madeAt", next_at AS "nextAt"
     FROM webhook_fetch ORDER BY state DESC, position LIMIT $1`,
    [limit],
  );
  const number = (text: string | null) => (text === null ? null : Number(text));
  return rows.map(({ first, last, ...row }) => ({ ...row, first: number(first), last: number(last) }));
}

/** Tries again at once. @returns whether it was there */
export async function retryFetch(on: Queryable, id: string, now: number): Promise<boolean> {
  const { rowCount } = await on.query(
    `UPDATE webhook_fetch SET state = 'due', next_at = $2, made_at = $2, attempts = 0, leased_until = NULL WHERE id = $1`,
    [id, new Date(now)],
  );
  return rowCount === 1;
}

/** Gives up for good what failed. @returns whether it was there */
export async function skipFetch(on: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await on.query(`DELETE FROM webhook_fetch WHERE id = $1 AND state = 'failed'`, [id]);
  return rowCount === 1;
}
