import { decodeMessage, encodeMessage, type BusMessage, type EncodedMessage } from '@medshare/bus';
import type { Queryable, Tx } from '@medshare/database';

/** An event that waits for a person. Its content is not shown. */
export interface ParkedEvent {
  readonly consumer: string;
  readonly id: string;
  readonly topic: string;
  readonly key: string;
  readonly state: 'parked' | 'replaying';
  /** a problem code; `event.parked` when it only waits behind another */
  readonly code: string;
  readonly where: string | null;
  /** ms since the epoch */
  readonly at: number;
}

export interface ParkedRow {
  readonly seq: string;
  readonly id: string;
  readonly state: 'parked' | 'replaying';
}

/** One at a time for a key of a consumer: held until the transaction ends. */
export const lockKey = async (tx: Tx, consumer: string, key: string): Promise<void> => {
  await tx.query(
    {
      name: 'inbox-lock',
      text: "SELECT pg_advisory_xact_lock(hashtextextended('inbox.' || current_schema() || $1 || ' ' || $2, 0))",
    },
    [consumer, key],
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

/** Parks an event, or notes anew why it is parked; it keeps its place. */
export const park = async (
  tx: Tx,
  consumer: string,
  message: BusMessage,
  reason: { code: string; where: string | undefined; state: 'parked' | 'replaying' },
): Promise<void> => {
  const { id, topic, key, headers, value } = encodeMessage(message);
  await tx.query(
    `INSERT INTO inbox_parked (consumer, id, topic, key, headers, value, code, place, state)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     ON CONFLICT (consumer, id) DO UPDATE SET code = excluded.code, place = excluded.place, state = excluded.state, at = excluded.at`,
    [consumer, id, topic, key, headers, value, reason.code, reason.where?.slice(0, 256) ?? null, reason.state],
  );
};

export const unpark = async (tx: Tx, consumer: string, id: string): Promise<void> => {
  await tx.query('DELETE FROM inbox_parked WHERE consumer = $1 AND id = $2', [consumer, id]);
};

/** Stops the replay of a key: what is on its way again comes to a parked key. */
export const stopReplay = async (tx: Tx, consumer: string, key: string): Promise<void> => {
  await tx.query("UPDATE inbox_parked SET state = 'parked' WHERE consumer = $1 AND key = $2", [consumer, key]);
};

export const takeForReplay = async (tx: Tx, consumer: string, key: string): Promise<BusMessage[]> => {
  await tx.query("UPDATE inbox_parked SET state = 'replaying' WHERE consumer = $1 AND key = $2", [consumer, key]);
  const { rows } = await tx.query<EncodedMessage>(
    'SELECT id, topic, key, headers, value FROM inbox_parked WHERE consumer = $1 AND key = $2 ORDER BY seq',
    [consumer, key],
  );
  return rows.map(decodeMessage);
};

export const noteSkipped = async (tx: Tx, id: string, reason: string): Promise<{ consumer: string; key: string }[]> => {
  const { rows } = await tx.query<{ consumer: string; key: string }>(
    `WITH gone AS (DELETE FROM inbox_parked WHERE id = $1 RETURNING consumer, id, topic, key, code)
     INSERT INTO inbox_skipped (consumer, id, topic, key, code, reason)
     SELECT consumer, id, topic, key, code, $2 FROM gone RETURNING consumer, key`,
    [id, reason],
  );
  return rows;
};

export const listParked = async (db: Queryable, limit: number): Promise<ParkedEvent[]> => {
  const { rows } = await db.query<Omit<ParkedEvent, 'at' | 'where'> & { at: Date; place: string | null }>(
    'SELECT consumer, id, topic, key, state, code, place, at FROM inbox_parked ORDER BY seq LIMIT $1',
    [limit],
  );
  return rows.map(({ at, place, ...row }) => ({ ...row, where: place, at: at.getTime() }));
};

export const countParked = async (tx: Tx): Promise<number> =>
  (await tx.query<{ n: number }>('SELECT count(*)::int AS n FROM inbox_parked')).rows[0]?.n ?? 0;
