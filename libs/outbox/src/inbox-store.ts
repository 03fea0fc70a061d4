import { decodeMessage, encodeMessage, type BusMessage, type EncodedMessage } from '@medshare/bus';
import type { Tx } from '@medshare/database';
import type { Fence } from './fence.js';

/** parked: somebody must look. waiting: for the other streams of a fence, or behind what does. replaying: on its way again. */
export const parkedStates = ['parked', 'waiting', 'replaying'] as const;
export type ParkedState = (typeof parkedStates)[number];

export interface ParkedRow {
  readonly seq: string;
  readonly id: string;
  readonly state: ParkedState;
}

/** One at a time for these keys of a consumer, until the transaction ends. Sorted, so that two never wait in a ring. */
export const lockKeys = async (tx: Tx, consumer: string, keys: readonly string[]): Promise<void> => {
  await tx.query(
    {
      name: 'inbox-lock',
      text: `SELECT pg_advisory_xact_lock(lock) FROM (
               SELECT DISTINCT hashtextextended('inbox.' || current_schema() || $1 || ' ' || key, 0) AS lock
               FROM unnest($2::text[]) AS key ORDER BY lock) AS locks`,
    },
    [consumer, keys],
  );
};

/** Remembers the event unless it is known or something of its key is parked. @returns whether its effect is to be done */
export const enter = async (tx: Tx, consumer: string, { id, key }: BusMessage): Promise<boolean> => {
  const { rowCount } = await tx.query(
    {
      name: 'inbox-enter',
      text: `INSERT INTO inbox (consumer, id) SELECT $1, $2
             WHERE NOT EXISTS (SELECT 1 FROM inbox_parked WHERE consumer = $1 AND key = $3) ON CONFLICT DO NOTHING`,
    },
    [consumer, id, key],
  );
  return rowCount === 1;
};

export const remember = async (tx: Tx, consumer: string, id: string): Promise<boolean> => {
  const { rowCount } = await tx.query('INSERT INTO inbox (consumer, id) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
    consumer,
    id,
  ]);
  return rowCount === 1;
};

export const isDone = async (tx: Tx, consumer: string, id: string): Promise<boolean> =>
  (await tx.query('SELECT 1 FROM inbox WHERE consumer = $1 AND id = $2', [consumer, id])).rowCount === 1;

/** What is parked of a key, in order: the first one is what holds up the others. */
export const parkedOf = async (tx: Tx, consumer: string, key: string, limit: number): Promise<ParkedRow[]> => {
  const { rows } = await tx.query<ParkedRow>(
    'SELECT seq, id, state FROM inbox_parked WHERE consumer = $1 AND key = $2 ORDER BY seq LIMIT $3',
    [consumer, key, limit],
  );
  return rows;
};

/** Halves of a fence that stand at the head of their streams, or that were given up: those the fence need not wait for. */
export const arrivedHalves = async (
  tx: Tx,
  consumer: string,
  { id, halves }: { id: string; halves: readonly string[] },
): Promise<Set<string>> => {
  const { rows } = await tx.query<{ id: string }>(
    `SELECT id FROM inbox_parked p WHERE consumer = $1 AND fence = $2 AND state = 'waiting' AND NOT EXISTS (
       SELECT 1 FROM inbox_parked e WHERE e.consumer = $1 AND e.key = p.key AND e.seq < p.seq)
     UNION ALL SELECT id FROM inbox WHERE consumer = $1 AND id = ANY($3::text[])`,
    [consumer, id, halves],
  );
  return new Set(rows.map((row) => row.id));
};

/** Parks an event, or notes anew why it is parked; it keeps its place and its time. */
export const park = async (
  tx: Tx,
  consumer: string,
  message: BusMessage,
  reason: { code: string; where?: string | undefined; state: ParkedState; fence: Fence | undefined },
): Promise<void> => {
  const { id, topic, key, headers, value } = encodeMessage(message);
  await tx.query(
    `INSERT INTO inbox_parked (consumer, id, topic, key, headers, value, code, place, state, fence)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     ON CONFLICT (consumer, id) DO UPDATE SET code = excluded.code, place = excluded.place, state = excluded.state`,
    [
      consumer,
      id,
      topic,
      key,
      headers,
      value,
      reason.code,
      reason.where?.slice(0, 256) ?? null,
      reason.state,
      reason.fence?.id ?? null,
    ],
  );
};

/** Notes why a parked event cannot be done. @returns whether it is parked */
export const noteReason = async (
  tx: Tx,
  consumer: string,
  id: string,
  reason: { code: string; where: string | undefined },
): Promise<boolean> => {
  const { rowCount } = await tx.query(
    `UPDATE inbox_parked SET state = 'parked', code = $3, place = $4 WHERE consumer = $1 AND id = $2`,
    [consumer, id, reason.code, reason.where?.slice(0, 256) ?? null],
  );
  return rowCount === 1;
};

export const unpark = async (tx: Tx, consumer: string, ids: readonly string[]): Promise<void> => {
  await tx.query('DELETE FROM inbox_parked WHERE consumer = $1 AND id = ANY($2::text[])', [consumer, ids]);
};

/** Puts all that is parked of a key into a state: what is on its way again and is not to go comes to a key that holds it. */
export const hold = async (tx: Tx, consumer: string, key: string, state: 'parked' | 'waiting'): Promise<void> => {
  await tx.query('UPDATE inbox_parked SET state = $3 WHERE consumer = $1 AND key = $2', [consumer, key, state]);
};

export const takeForReplay = async (tx: Tx, consumer: string, key: string): Promise<BusMessage[]> => {
  await tx.query("UPDATE inbox_parked SET state = 'replaying' WHERE consumer = $1 AND key = $2", [consumer, key]);
  const { rows } = await tx.query<EncodedMessage>(
    'SELECT id, topic, key, headers, value FROM inbox_parked WHERE consumer = $1 AND key = $2 ORDER BY seq',
    [consumer, key],
  );
  return rows.map(decodeMessage);
};

export const countParked = async (tx: Tx): Promise<number> =>
  (await tx.query<{ n: number }>('SELECT count(*)::int AS n FROM inbox_parked')).rows[0]?.n ?? 0;
