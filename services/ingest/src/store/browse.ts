import type { Queryable } from '@medshare/database';
import type { ListedMessage, MessageState } from '@medshare/events';

export interface MessageFilter {
  readonly state?: MessageState | undefined;
  readonly feed?: string | undefined;
  readonly stream?: string | undefined;
  readonly code?: string | undefined;
  /** received at or after, ms */
  readonly since?: number | undefined;
  /** received before, ms */
  readonly until?: number | undefined;
  /** below this position; new messages never move a page */
  readonly before: number;
  readonly limit: number;
}

export interface MessageRow extends ListedMessage {
  readonly payload: string;
  readonly settledAt: number | undefined;
  readonly reason: string | null;
  readonly behind: string | null;
}

/** Whether a message is parked or was given up is the inbox's note, never a copy of it. */
const from = `FROM message m
  LEFT JOIN inbox_parked p ON p.id = m.id::text AND p.topic = 'message.accepted'
  LEFT JOIN LATERAL (SELECT s.id, s.code, s.reason FROM inbox_skipped s WHERE s.id = m.id::text LIMIT 1) s ON true`;

const stream = `left(encode(sha256(convert_to(m.patient_key, 'UTF8')), 'hex'), 16)`;

const columns = `m.id, m.position, m.kind, m.feed, m.size, m.received_at, m.record_id, m.settled_at, m.payload, ${stream} AS stream,
  coalesce(p.state, CASE WHEN s.id IS NULL THEN m.state ELSE 'skipped' END) AS state, coalesce(p.code, s.code) AS code, p.place, s.reason`;

/** Each in the way that an index serves: the unsettled are few, the parked fewer. */
const inState: Record<MessageState, string> = {
  accepted: `m.state <> 'mapped' AND p.id IS NULL AND s.id IS NULL`,
  mapped: `m.state = 'mapped'`,
  parked: `m.state <> 'mapped' AND p.state = 'parked'`,
  waiting: `m.state <> 'mapped' AND p.state = 'waiting'`,
  replaying: `m.state <> 'mapped' AND p.state = 'replaying'`,
  skipped: `m.state <> 'mapped' AND p.id IS NULL AND s.id IS NOT NULL`,
};

interface Found {
  readonly id: string;
  readonly position: string;
  readonly kind: string;
  readonly feed: string;
  readonly size: number;
  readonly received_at: Date;
  readonly record_id: string | null;
  readonly settled_at: Date | null;
  readonly payload: string;
  readonly stream: string;
  readonly state: MessageState;
  readonly code: string | null;
  readonly place: string | null;
  readonly reason: string | null;
  readonly behind?: string | null;
}

/** Newest first, before a position. */
export async function listMessages(on: Queryable, filter: MessageFilter): Promise<ListedMessage[]> {
  const { state, feed, stream: of, code, since, until, before, limit } = filter;
  const wanted = state === undefined ? 'true' : inState[state];
  const { rows } = await on.query<Found & Record<string, unknown>>(
    `SELECT ${columns} ${from}
     WHERE ${wanted} AND m.position < $1 AND ($2::text IS NULL OR m.feed = $2) AND ($3::text IS NULL OR ${stream} = $3)
       AND ($4::text IS NULL OR coalesce(p.code, s.code) = $4)
       AND ($5::timestamptz IS NULL OR m.received_at >= $5) AND ($6::timestamptz IS NULL OR m.received_at < $6)
     ORDER BY m.position DESC LIMIT $7`,
    [before, feed ?? null, of ?? null, code ?? null, dateOf(since), dateOf(until), limit],
  );
  return rows.map(listed);
}

export async function findMessage(on: Queryable, id: string): Promise<MessageRow | undefined> {
  const { rows } = await on.query<Found & Record<string, unknown>>(
    `SELECT ${columns}, (SELECT h.id FROM inbox_parked h WHERE h.consumer = p.consumer AND h.key = p.key ORDER BY h.seq LIMIT 1) AS behind
     ${from} WHERE m.id = $1`,
    [id],
  );
  const [row] = rows;
  if (!row) return undefined;
  const { payload, settled_at: settled, reason, behind } = row;
  return {
    ...listed(row),
    payload,
    settledAt: settled?.getTime(),
    reason,
    behind: behind === id ? null : (behind ?? null),
  };
}

export interface FeedLag {
  readonly feed: string;
  /** on their way */
  readonly unprocessed: number;
  readonly oldest: number | undefined;
  readonly parked: number;
  readonly waiting: number;
}

/** What waits of each feed; a feed of which nothing waits is not there. */
export async function lagOfFeeds(on: Queryable): Promise<FeedLag[]> {
  const { rows } = await on.query<Omit<FeedLag, 'oldest'> & { oldest: Date | null }>(
    `SELECT m.feed, (count(*) FILTER (WHERE p.id IS NULL OR p.state = 'replaying'))::int AS unprocessed,
       min(m.received_at) FILTER (WHERE p.id IS NULL OR p.state = 'replaying') AS oldest,
       (count(*) FILTER (WHERE p.state = 'parked'))::int AS parked, (count(*) FILTER (WHERE p.state = 'waiting'))::int AS waiting
     FROM message m LEFT JOIN inbox_parked p ON p.id = m.id::text AND p.topic = 'message.accepted'
     WHERE m.state <> 'mapped' AND NOT EXISTS (SELECT 1 FROM inbox_skipped s WHERE s.id = m.id::text) GROUP BY m.feed ORDER BY m.feed`,
  );
  return rows.map(({ oldest, ...row }) => ({ ...row, oldest: oldest?.getTime() }));
}

const dateOf = (ms: number | undefined): Date | null => (ms === undefined ? null : new Date(ms));

const listed = (row: Found): ListedMessage => ({
  id: row.id,
  position: Number(row.position),
  kind: row.kind,
  feed: row.feed,
  state: row.state,
  size: row.size,
  receivedAt: row.received_at.toISOString(),
  recordId: row.record_id,
  stream: row.stream,
  problem: row.code,
  where: row.place,
});
