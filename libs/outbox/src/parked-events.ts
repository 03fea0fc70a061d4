import type { Database, Tx } from '@medshare/database';
import { problem } from '@medshare/problems';
import { faultPoint } from '@medshare/telemetry/fault-point';
import * as store from './inbox-store.js';
import type { Outbox } from './outbox.js';

/** An event that waits. Its content is not shown. */
export interface ParkedEvent {
  /** rises with the time of parking: where a page ends */
  readonly seq: number;
  readonly consumer: string;
  readonly id: string;
  readonly topic: string;
  readonly key: string;
  /** names the key without telling it */
  readonly stream: string;
  readonly state: store.ParkedState;
  /** a problem code; `event.parked` when it only waits behind another, `event.fenced` for another stream */
  readonly code: string;
  readonly where: string | null;
  /** ms since the epoch, when it was first parked */
  readonly at: number;
  /** the event whose other streams it waits for */
  readonly fence: string | null;
  /** the event that holds its stream up; null when it does so itself */
  readonly behind: string | null;
}

export interface ParkedFilter {
  readonly state?: store.ParkedState | undefined;
  readonly topic?: string | undefined;
  readonly code?: string | undefined;
  readonly stream?: string | undefined;
  /** heads of streams only: what a person decides about */
  readonly first?: boolean | undefined;
  /** `seq` of the last one seen */
  readonly after?: number | undefined;
  readonly limit: number;
}

/** A stream that is held up. */
export interface ParkedStream {
  readonly stream: string;
  readonly events: number;
  /** ms since the epoch */
  readonly since: number;
  /** what holds it up */
  readonly first: string;
  readonly topic: string;
  readonly state: store.ParkedState;
  readonly code: string;
  readonly where: string | null;
}

export interface ParkedFigures {
  readonly events: Readonly<Record<store.ParkedState, number>>;
  /** different keys */
  readonly streams: number;
  /** ms since the epoch, of what is parked or waits; undefined when nothing is */
  readonly oldest: number | undefined;
  /** of `events` together; past it the bus keeps what comes */
  readonly limit: number;
}

/** What became of an event, as the inbox knows it. Ids of done events are forgotten with the bus's retention. */
export interface EventState {
  readonly id: string;
  readonly state: store.ParkedState | 'done' | 'skipped';
  readonly at: number;
  readonly code: string | null;
  readonly where: string | null;
  readonly behind: string | null;
}

/** Goes into the same transaction, after the deed: for an audit entry. */
export type Also = (tx: Tx, event: { id: string; topic: string }) => Promise<void>;

const streamOf = (key: string) => `left(encode(sha256(convert_to(${key}, 'UTF8')), 'hex'), 16)`;
const head = `(SELECT h.id FROM inbox_parked h WHERE h.consumer = p.consumer AND h.key = p.key ORDER BY h.seq LIMIT 1)`;

/** Sends what is parked of keys on its way again, in order. */
export const release = async (tx: Tx, outbox: Outbox, consumer: string, keys: readonly string[]): Promise<number> => {
  const messages = [];
  for (const key of keys) messages.push(...(await store.takeForReplay(tx, consumer, key)));
  await outbox.append(tx, messages);
  return messages.length;
};

/** What is parked in one role's inbox. Replaying and skipping may be repeated, from several processes at once, and be cut off anywhere. */
export class ParkedEvents {
  readonly #db: Database;
  readonly #outbox: Outbox;
  readonly #limits: { readonly maxParked: number };

  constructor(database: Database, outbox: Outbox, limits: { readonly maxParked: number }) {
    this.#db = database;
    this.#outbox = outbox;
    this.#limits = limits;
  }

  /** Sends what is parked of a key on its way again, in order, through the outbox. @returns how many events */
  replayKey(key: string, { consumer = '' }: { consumer?: string } = {}): Promise<number> {
    return this.#db.transaction(async (tx) => {
      await store.lockKeys(tx, consumer, [key]);
      return release(tx, this.#outbox, consumer, [key]);
    });
  }

  /**
   * Sends an event's stream on its way again, in order; what holds it up goes first.
   * @returns how many events; 0 when the event is done already
   * @throws Problem `request.not-found` when it was never parked, or is forgotten
   */
  async replay(id: string, also?: Also): Promise<number> {
    const count = await this.#db.transaction(async (tx) => {
      const places = await lockPlaces(tx, id);
      if (places.length === 0) {
        if (await isKnown(tx, id)) return 0;
        throw problem('request.not-found', { where: 'id', detail: 'no such event is parked' });
      }
      let count = 0;
      for (const { consumer, key } of places) count += await release(tx, this.#outbox, consumer, [key]);
      await also?.(tx, { id, topic: places[0]?.topic ?? '' });
      faultPoint('parked.replay.written');
      return count;
    });
    faultPoint('parked.replay.done');
    return count;
  }

  /**
   * Gives an event up for good: it counts as done, with the reason kept, and what waited behind it goes on.
   * @returns false when it was given up before
   * @throws Problem `request.invalid` without a reason, `request.not-found` when it is not parked
   */
  async skip(id: string, reason: string, also?: Also): Promise<boolean> {
    const text = reason.trim();
    if (text.length === 0 || text.length > 1_000)
      throw problem('request.invalid', { where: 'reason', detail: '1 to 1000 characters' });
    const skipped = await this.#db.transaction(async (tx) => {
      const places = await lockPlaces(tx, id);
      if (places.length === 0) {
        const { rowCount } = await tx.query('SELECT 1 FROM inbox_skipped WHERE id = $1 LIMIT 1', [id]);
        if (rowCount === 1) return false;
        throw problem('request.not-found', { where: 'id', detail: 'no such event is parked' });
      }
      for (const place of places) await this.#skipAt(tx, place, text);
      await also?.(tx, { id, topic: places[0]?.topic ?? '' });
      faultPoint('parked.skip.written');
      return true;
    });
    faultPoint('parked.skip.done');
    return skipped;
  }

  /** In the order of parking. */
  async find({ state, topic, code, stream, first = false, after = 0, limit }: ParkedFilter): Promise<ParkedEvent[]> {
    const { rows } = await this.#db.query<
      Omit<ParkedEvent, 'at' | 'seq' | 'behind'> & { at: Date; seq: string; head: string }
    >(
      `SELECT p.seq, p.consumer, p.id, p.topic, p.key, ${streamOf('p.key')} AS stream, p.state, p.code, p.place AS "where", p.at,
         p.fence, ${head} AS head
       FROM inbox_parked p
       WHERE p.seq > $1 AND ($2::text IS NULL OR p.state = $2) AND ($3::text IS NULL OR p.topic = $3)
         AND ($4::text IS NULL OR p.code = $4) AND ($5::text IS NULL OR ${streamOf('p.key')} = $5) AND (NOT $6 OR p.id = ${head})
       ORDER BY p.seq LIMIT $7`,
      [after, state ?? null, topic ?? null, code ?? null, stream ?? null, first, limit],
    );
    return rows.map(({ at, seq, head: by, ...row }) => ({
      ...row,
      seq: Number(seq),
      at: at.getTime(),
      behind: by === row.id ? null : by,
    }));
  }

  /** Streams that are held up, the longest first. */
  async streams({ topic, limit }: { topic?: string; limit: number }): Promise<ParkedStream[]> {
    const first = (column: string) => `(array_agg(${column} ORDER BY seq))[1]`;
    const { rows } = await this.#db.query<Omit<ParkedStream, 'since'> & { since: Date }>(
      `SELECT ${streamOf('key')} AS stream, count(*)::int AS events, min(at) AS since, ${first('id')} AS first,
         ${first('topic')} AS topic, ${first('state')} AS state, ${first('code')} AS code, ${first('place')} AS "where"
       FROM inbox_parked WHERE ($1::text IS NULL OR topic = $1) GROUP BY consumer, key ORDER BY min(seq) LIMIT $2`,
      [topic ?? null, limit],
    );
    return rows.map(({ since, ...row }) => ({ ...row, since: since.getTime() }));
  }

  async figures(): Promise<ParkedFigures> {
    const { rows } = await this.#db.query<{ state: store.ParkedState; n: number; streams: number; oldest: Date }>(
      `SELECT state, count(*)::int AS n, min(at) AS oldest,
         (SELECT count(DISTINCT (consumer, key))::int FROM inbox_parked) AS streams
       FROM inbox_parked GROUP BY state`,
    );
    const count = (state: store.ParkedState) => rows.find((row) => row.state === state)?.n ?? 0;
    const oldest = Math.min(...rows.map((row) => row.oldest.getTime()));
    return {
      events: { parked: count('parked'), waiting: count('waiting'), replaying: count('replaying') },
      streams: rows[0]?.streams ?? 0,
      oldest: rows.length === 0 ? undefined : oldest,
      limit: this.#limits.maxParked,
    };
  }

  /** Whether an event stands in the inbox, in any state and for any consumer: one look at an index. */
  async has(id: string): Promise<boolean> {
    const { rowCount } = await this.#db.query('SELECT 1 FROM inbox_parked WHERE id = $1 LIMIT 1', [id]);
    return rowCount === 1;
  }

  /** What the inbox knows of an event. */
  async stateOf(id: string): Promise<EventState | undefined> {
    const { rows } = await this.#db.query<Omit<EventState, 'at' | 'behind'> & { at: Date; head: string | null }>(
      `SELECT p.id, p.state, p.at, p.code, p.place AS "where", ${head} AS head, 1 AS rank FROM inbox_parked p WHERE p.id = $1
       UNION ALL SELECT id, 'skipped', at, code, NULL, NULL, 2 FROM inbox_skipped WHERE id = $1
       UNION ALL SELECT id, 'done', at, NULL, NULL, NULL, 3 FROM inbox WHERE id = $1
       ORDER BY rank LIMIT 1`,
      [id],
    );
    const [row] = rows;
    if (!row) return undefined;
    const { state, at, code, where, head: by } = row;
    return { id, state, at: at.getTime(), code, where, behind: by === id ? null : by };
  }

  async #skipAt(tx: Tx, { consumer, id, key, fence, first }: Place, reason: string): Promise<void> {
    await tx.query(
      `WITH gone AS (DELETE FROM inbox_parked WHERE consumer = $1 AND id = $2 RETURNING consumer, id, topic, key, code)
       INSERT INTO inbox_skipped (consumer, id, topic, key, code, reason) SELECT consumer, id, topic, key, code, $3 FROM gone`,
      [consumer, id, reason],
    );
    await store.remember(tx, consumer, id);
    const free = first ? [key] : [];
    // the streams that waited for it alone go on; a half that is not at the head yet finds later that it was given up
    if (fence === id) free.push(...(await freeHalves(tx, consumer, fence)));
    await release(tx, this.#outbox, consumer, free);
  }
}

interface Place {
  readonly consumer: string;
  readonly id: string;
  readonly topic: string;
  readonly key: string;
  readonly fence: string | null;
  readonly first: boolean;
}

/** Where an event is parked, by every consumer; the streams that it holds together are locked. */
async function lockPlaces(tx: Tx, id: string): Promise<Place[]> {
  const found = await tx.query<{ consumer: string; keys: string[] }>(
    `SELECT p.consumer, array_agg(DISTINCT o.key) AS keys FROM inbox_parked p
     JOIN inbox_parked o ON o.consumer = p.consumer AND (o.id = p.id OR o.fence = p.fence) WHERE p.id = $1 GROUP BY p.consumer`,
    [id],
  );
  for (const { consumer, keys } of found.rows) await store.lockKeys(tx, consumer, keys);
  const { rows } = await tx.query<Omit<Place, 'first'> & { head: string }>(
    `SELECT p.consumer, p.id, p.topic, p.key, p.fence, ${head} AS head FROM inbox_parked p WHERE p.id = $1`,
    [id],
  );
  return rows.map(({ head: by, ...row }) => ({ ...row, first: by === id }));
}

async function freeHalves(tx: Tx, consumer: string, fence: string): Promise<string[]> {
  const { rows } = await tx.query<{ id: string; key: string }>(
    `DELETE FROM inbox_parked p WHERE consumer = $1 AND fence = $2 AND ${head} = id RETURNING id, key`,
    [consumer, fence],
  );
  for (const { id } of rows) await store.remember(tx, consumer, id);
  return rows.map(({ key }) => key);
}

const isKnown = async (tx: Tx, id: string): Promise<boolean> =>
  (await tx.query('SELECT 1 FROM inbox WHERE id = $1 LIMIT 1', [id])).rowCount === 1;
