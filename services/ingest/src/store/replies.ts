import type { Call, Queryable, Tx } from '@medshare/database';

/** What an application acknowledgement says. */
export interface Verdict {
  readonly code: 'AA' | 'AE';
  /** why not */
  readonly problem?: string | undefined;
  readonly where?: string | undefined;
}

export interface WantedRow {
  /** the message */
  readonly id: string;
  readonly condition: string;
  readonly connection?: string | undefined;
}

const columns = (rows: readonly WantedRow[]) => [
  rows.map(({ id }) => id),
  rows.map(({ condition }) => condition),
  rows.map(({ connection }) => connection ?? null),
];

/** Notes that senders want to know what becomes of their messages. */
export const insertingReplies = (rows: readonly WantedRow[]): Call[] =>
  rows.length === 0 ? [] : [{ name: 'insert_replies', args: columns(rows) }];

/** A repeated message: what was told is told again, where the sender is now. */
export async function renewReplies(on: Queryable, rows: readonly WantedRow[], now: number): Promise<void> {
  if (rows.length === 0) return;
  await on.query(
    `UPDATE reply r SET connection = w.connection, attempts = 0, problem_of_delivery = NULL,
       state = CASE WHEN r.state IN ('delivered', 'failed') THEN 'due' ELSE r.state END,
       next_at = CASE WHEN r.state = 'waiting' THEN NULL ELSE $4::timestamptz END,
       give_up_at = CASE WHEN r.state = 'waiting' THEN NULL ELSE $4::timestamptz + (give_up_at - settled_at) END
     FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS w (id, condition, connection) WHERE r.message_id = w.id`,
    [...columns(rows), new Date(now)],
  );
}

/** The first verdict stays: it has been told, or will be. */
export async function settleReply(
  tx: Tx,
  messageId: string,
  { code, problem, where }: Verdict,
  { now, giveUpAt }: { now: number; giveUpAt: number },
): Promise<void> {
  await tx.query(
    `UPDATE reply SET code = $2, problem = $3, place = $4, settled_at = $5, next_at = $5, give_up_at = $6,
       state = CASE WHEN condition = 'AL' OR (condition = 'SU') = ($2 = 'AA') THEN 'due' ELSE 'unwanted' END
     WHERE message_id = $1 AND state = 'waiting'`,
    [messageId, code, problem ?? null, where ?? null, new Date(now), new Date(giveUpAt)],
  );
}

export interface DueReply {
  readonly messageId: string;
  readonly feed: string;
  readonly payload: string;
  readonly connection: string | null;
  readonly code: 'AA' | 'AE';
  readonly problem: string | null;
  readonly place: string | null;
  /** ms since the epoch */
  readonly settledAt: number;
  readonly giveUpAt: number;
  /** deliveries begun, this one included */
  readonly attempts: number;
}

type Row = Omit<DueReply, 'settledAt' | 'giveUpAt'> & { settled: Date; giveUp: Date };

const shape = `r.message_id AS "messageId", m.feed, m.payload, r.connection, r.code, r.problem, r.place,
  r.settled_at AS settled, r.give_up_at AS "giveUp", r.attempts`;

const dueOf = ({ settled, giveUp, ...row }: Row): DueReply => ({
  ...row,
  settledAt: settled.getTime(),
  giveUpAt: giveUp.getTime(),
});

/**
 * Takes what is due for a while: a process that dies meanwhile leaves it to be taken again. What belongs to a connection of another
 * process is left to that one first.
 */
export async function takeDue(
  on: Queryable,
  {
    now,
    leaseMs,
    graceMs,
    open,
    limit,
  }: { now: number; leaseMs: number; graceMs: number; open: readonly string[]; limit: number },
): Promise<DueReply[]> {
  const { rows } = await on.query<Row>(
    `WITH due AS (
       SELECT message_id FROM reply
       WHERE state = 'due' AND next_at <= $1
         AND (connection IS NULL OR connection = ANY($2::uuid[]) OR settled_at <= $1::timestamptz - $3 * interval '1 ms')
       ORDER BY next_at LIMIT $5 FOR UPDATE SKIP LOCKED)
     UPDATE reply r SET next_at = $1::timestamptz + $4 * interval '1 ms', attempts = r.attempts + 1
     FROM due, message m WHERE r.message_id = due.message_id AND m.id = r.message_id RETURNING ${shape}`,
    [new Date(now), open, graceMs, leaseMs, limit],
  );
  return rows.map(dueOf);
}

export async function noteDelivered(on: Queryable, messageId: string, now: number): Promise<void> {
  await on.query(
    `UPDATE reply SET state = 'delivered', delivered_at = $2, problem_of_delivery = NULL WHERE message_id = $1 AND state = 'due'`,
    [messageId, new Date(now)],
  );
}

/** @param nextAt undefined: given up */
export async function notePutOff(
  on: Queryable,
  messageId: string,
  code: string,
  nextAt: number | undefined,
): Promise<void> {
  await on.query(
    `UPDATE reply SET problem_of_delivery = $2, next_at = $3, state = CASE WHEN $3::timestamptz IS NULL THEN 'failed' ELSE 'due' END
     WHERE message_id = $1 AND state = 'due'`,
    [messageId, code, nextAt === undefined ? null : new Date(nextAt)],
  );
}

export type ReplyState = 'waiting' | 'due' | 'unwanted' | 'delivered' | 'failed';

/** The acknowledgement of one message by the sender's id of it (its keyed hash); with content under one id, of the newest. */
export async function findReply(
  on: Queryable,
  key: string,
): Promise<{ state: ReplyState; reply: DueReply | undefined } | undefined> {
  const { rows } = await on.query<Row & { state: ReplyState }>(
    `SELECT r.state, ${shape} FROM message m JOIN reply r ON r.message_id = m.id WHERE m.key = $1 ORDER BY m.position DESC LIMIT 1`,
    [key],
  );
  const [row] = rows;
  if (!row) return undefined;
  const { state, ...rest } = row;
  return { state, reply: rest.code === null ? undefined : dueOf(rest) };
}

/** How many acknowledgements are to be delivered, and how many were given up. */
export async function countReplies(on: Queryable): Promise<{ due: number; failed: number }> {
  const { rows } = await on.query<{ due: number; failed: number }>(
    `SELECT count(*) FILTER (WHERE state = 'due')::int AS due, count(*) FILTER (WHERE state = 'failed')::int AS failed
     FROM reply WHERE state IN ('due', 'failed')`,
  );
  return rows[0] ?? { due: 0, failed: 0 };
}
