import type { Queryable, Tx } from '@medshare/database';
import type { Followed, Heard, Range } from '../follow-events.js';

/** A subscription of a feed: the feed's name and the keyed hash of the subscription's. */
export interface Subscription {
  readonly feed: string;
  readonly subscription: string;
}

interface Gap extends Range {
  readonly id: string;
}

/** What was heard of a subscription, locked until the transaction ends; undefined for the first time. */
export async function lockSubscription(
  tx: Tx,
  { feed, subscription }: Subscription,
  now: number,
): Promise<Heard | undefined> {
  const fresh = await tx.query(
    `INSERT INTO webhook_subscription (feed, subscription, status, heard_at) VALUES ($1, $2, 'requested', $3) ON CONFLICT DO NOTHING`,
    [feed, subscription, new Date(now)],
  );
  const { rows } = await tx.query<{ last: string; told: Date | null }>(
    `SELECT last_event AS last, told_at AS told FROM webhook_subscription WHERE feed = $1 AND subscription = $2 FOR UPDATE`,
    [feed, subscription],
  );
  if (fresh.rowCount === 1 || !rows[0]) return undefined;
  const { last, told } = rows[0];
  return { last: Number(last), toldAt: told?.getTime(), gaps: await gapsOf(tx, { feed, subscription }) };
}

async function gapsOf(tx: Tx, { feed, subscription }: Subscription): Promise<Gap[]> {
  const { rows } = await tx.query<{ id: string; first: string; last: string }>(
    `SELECT id, first_event AS first, last_event AS last FROM webhook_fetch
     WHERE kind = 'events' AND feed = $1 AND subscription = $2 ORDER BY first_event`,
    [feed, subscription],
  );
  return rows.map(({ id, first, last }) => ({ id, first: Number(first), last: Number(last) }));
}

/** Writes what is known now; gaps shrink to what is still missing, new ones are due after a while. */
export async function noteHeard(
  tx: Tx,
  of: Subscription,
  {
    followed,
    status,
    now,
    newId,
  }: { followed: Followed; status: string | undefined; now: number; newId: () => string },
): Promise<void> {
  const { feed, subscription } = of;
  const missed = followed.missing.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  await tx.query(
    `UPDATE webhook_subscription SET last_event = $3, status = coalesce($4, status), told_at = $5, heard_at = $6, missed = missed + $7
     WHERE feed = $1 AND subscription = $2`,
    [feed, subscription, followed.last, status ?? null, dateOf(followed.toldAt), new Date(now), missed],
  );
  // their numbers mean nothing any more: the source is searched for what they were
  if (followed.restarted)
    await tx.query(
      `UPDATE webhook_fetch SET subscription = NULL, state = 'due', next_at = $3, attempts = 0
       WHERE kind = 'events' AND feed = $1 AND subscription = $2`,
      [feed, subscription, new Date(now)],
    );
  for (const gap of await gapsOf(tx, of)) {
    const left = followed.gaps.filter(({ first, last }) => gap.first <= first && last <= gap.last);
    const [kept, ...others] = left;
    if (!kept) await tx.query('DELETE FROM webhook_fetch WHERE id = $1', [gap.id]);
    else if (kept.first !== gap.first || kept.last !== gap.last)
      await tx.query('UPDATE webhook_fetch SET first_event = $2, last_event = $3 WHERE id = $1', [
        gap.id,
        kept.first,
        kept.last,
      ]);
    for (const { first, last } of others)
      await tx.query(
        `INSERT INTO webhook_fetch (id, feed, kind, subscription, first_event, last_event, payload, sealed_at, state, made_at, next_at, attempts, problem, place)
         SELECT $2, feed, kind, subscription, $3, $4, payload, sealed_at, state, made_at, next_at, attempts, problem, place FROM webhook_fetch WHERE id = $1`,
        [gap.id, newId(), first, last],
      );
  }
}

export type FetchKind = 'events' | 'resource' | 'search';

export interface NewFetch {
  readonly id: string;
  readonly feed: string;
  readonly kind: FetchKind;
  readonly subscription?: string;
  readonly events?: Range;
  /** keyed hash of what it is about: it is there once */
  readonly identity?: string;
  /** what to ask for, sealed */
  readonly payload?: string;
  /** already known to need a person */
  readonly failed?: { readonly code: string; readonly where?: string | undefined };
  readonly dueAt: number;
}

export async function insertFetch(on: Queryable, fetch: NewFetch, now: number): Promise<void> {
  const { id, feed, kind, subscription, events, identity, payload, failed, dueAt } = fetch;
  await on.query(
    `INSERT INTO webhook_fetch (id, feed, kind, subscription, first_event, last_event, identity, payload, sealed_at, state, made_at, next_at, problem, place)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $9, $11, $12, $13) ON CONFLICT (identity) DO NOTHING`,
    [
      ...[id, feed, kind, subscription ?? null, events?.first ?? null, events?.last ?? null, identity ?? null],
      ...[payload ?? null, new Date(now), failed ? 'failed' : 'due', new Date(dueAt)],
      ...[failed?.code ?? null, failed?.where ?? null],
    ],
  );
}

/** A search that has not begun covers what happened until now; one under way may have seen its source before. */
export async function wantSearch(
  on: Queryable,
  { id, feed }: { id: string; feed: string },
  now: number,
): Promise<void> {
  await on.query(
    `INSERT INTO webhook_fetch (id, feed, kind, state, made_at, next_at)
     SELECT $1, $2, 'search', 'due', $3, $3 WHERE NOT EXISTS (
       SELECT 1 FROM webhook_fetch WHERE feed = $2 AND kind = 'search' AND state = 'due' AND leased_until IS NULL)`,
    [id, feed, new Date(now)],
  );
}

export interface DueFetch {
  readonly id: string;
  readonly feed: string;
  readonly kind: FetchKind;
  /** null: of a numbering that is void */
  readonly subscription: string | null;
  readonly events: Range | undefined;
  readonly payload: string | null;
  readonly madeAt: number;
  /** begun, this one included */
  readonly attempts: number;
}

/** Takes what is due, in its order, for a while: a process that dies leaves it to be taken again. */
export async function takeFetches(
  on: Queryable,
  { now, leaseMs, limit }: { now: number; leaseMs: number; limit: number },
): Promise<DueFetch[]> {
  const { rows } = await on.query<Row>(
    `WITH due AS (
       SELECT id FROM webhook_fetch
       WHERE state = 'due' AND next_at <= $1 AND (leased_until IS NULL OR leased_until <= $1)
       ORDER BY position LIMIT $3 FOR UPDATE SKIP LOCKED)
     UPDATE webhook_fetch f SET leased_until = $1::timestamptz + $2 * interval '1 ms', attempts = attempts + 1
     FROM due WHERE f.id = due.id
     RETURNING f.id, f.position, f.feed, f.kind, f.subscription, f.first_event, f.last_event, f.payload, f.made_at, f.attempts`,
    [new Date(now), leaseMs, limit],
  );
  return rows.sort((a, b) => Number(a.position) - Number(b.position)).map(dueOf);
}

interface Row extends Record<string, unknown> {
  readonly id: string;
  readonly position: string;
  readonly feed: string;
  readonly kind: FetchKind;
  readonly subscription: string | null;
  readonly first_event: string | null;
  readonly last_event: string | null;
  readonly payload: string | null;
  readonly made_at: Date;
  readonly attempts: number;
}

const dueOf = ({
  id,
  feed,
  kind,
  subscription,
  first_event,
  last_event,
  payload,
  made_at,
  attempts,
}: Row): DueFetch => ({
  ...{ id, feed, kind, subscription, payload, attempts },
  events: first_event === null ? undefined : { first: Number(first_event), last: Number(last_event) },
  madeAt: made_at.getTime(),
});

/** Keeps what is under way from being taken by another process. */
export async function extendLease(on: Queryable, id: string, until: number): Promise<void> {
  await on.query('UPDATE webhook_fetch SET leased_until = $2 WHERE id = $1', [id, new Date(until)]);
}

export async function noteFetched(on: Queryable, id: string): Promise<void> {
  await on.query('DELETE FROM webhook_fetch WHERE id = $1', [id]);
}

/** Events up to this one are done; the rest is due. @returns whether there is a rest */
export async function noteFetchedUntil(on: Queryable, id: string, last: number): Promise<void> {
  await on.query(
    `UPDATE webhook_fetch SET first_event = greatest(first_event, $2::bigint + 1), leased_until = NULL, attempts = 0 WHERE id = $1`,
    [id, last],
  );
  await on.query('DELETE FROM webhook_fetch WHERE id = $1 AND first_event > last_event', [id]);
}

/** @param nextAt undefined: waits for a person */
export async function putOffFetch(
  on: Queryable,
  id: string,
  { code, where }: { code: string | null; where: string | undefined },
  nextAt: number | undefined,
): Promise<void> {
  await on.query(
    `UPDATE webhook_fetch SET problem = $2, place = $3, leased_until = NULL, next_at = coalesce($4, next_at),
       state = CASE WHEN $4::timestamptz IS NULL THEN 'failed' ELSE 'due' END WHERE id = $1`,
    [id, code, where ?? null, dateOf(nextAt)],
  );
}

/** Payloads of what is still to be fetched that were sealed before an instant. */
export async function agingPayloads(on: Queryable, before: number): Promise<{ id: string; payload: string }[]> {
  const { rows } = await on.query<{ id: string; payload: string }>(
    'SELECT id, payload FROM webhook_fetch WHERE payload IS NOT NULL AND sealed_at < $1 ORDER BY sealed_at LIMIT 500',
    [new Date(before)],
  );
  return rows;
}

export async function renewPayload(on: Queryable, id: string, payload: string, now: number): Promise<void> {
  await on.query('UPDATE webhook_fetch SET payload = $2, sealed_at = $3 WHERE id = $1', [id, payload, new Date(now)]);
}

export async function seenUntil(on: Queryable, feed: string, query: string): Promise<number | undefined> {
  const { rows } = await on.query<{ at: Date }>(
    'SELECT seen_until AS at FROM webhook_search WHERE feed = $1 AND query = $2',
    [feed, query],
  );
  return rows[0]?.at.getTime();
}

export async function noteSeen(on: Queryable, feed: string, query: string, instant: number): Promise<void> {
  await on.query(
    `INSERT INTO webhook_search (feed, query, seen_until) VALUES ($1, $2, $3)
     ON CONFLICT (feed, query) DO UPDATE SET seen_until = greatest(webhook_search.seen_until, excluded.seen_until)`,
    [feed, query, new Date(instant)],
  );
}

const dateOf = (ms: number | undefined): Date | null => (ms === undefined ? null : new Date(ms));
