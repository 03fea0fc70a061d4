import { decodeMessage, intakeFirst, MAX_BATCH, type Bus, type EncodedMessage } from '@medshare/bus';
import type { Database, Listener, Tx } from '@medshare/database';
import { faultPoint } from '@medshare/telemetry/fault-point';
import { outboxChannel } from './outbox.js';

export interface RelayOptions {
  /** the role's schema */
  readonly db: Database;
  readonly bus: Pick<Bus, 'publish'>;
  /** wakes the relay at once; without it, or when a wake is lost, it polls */
  readonly notify?: Listener;
  /** default 500 ms */
  readonly pollEvery?: number;
  /** most events moved at once; default 500 */
  readonly batch?: number;
  /** told of a failed move, which is tried again; nothing is lost */
  readonly onError?: (caught: unknown) => void;
}

export interface Relay {
  /** Moves what stands in the outbox now, and tells how many events that were (0 too when another replica is at it). */
  moveNow(): Promise<number>;
  /** Resolves when nothing is on its way any more. */
  stop(): Promise<void>;
}

const LONGEST_PAUSE_MS = 10_000;
/** After a move, what follows shortly is moved together; the first event after a pause goes at once. */
const GATHER_MS = 25;

const idle = (): void => undefined;

const take = async (tx: Tx, batch: number): Promise<(EncodedMessage & { seq: string })[]> => {
  const locked = await tx.query<{ got: boolean }>({
    name: 'relay-lock',
    text: "SELECT pg_try_advisory_xact_lock(hashtextextended('relay.' || current_schema(), 0)) AS got",
  });
  if (!locked.rows[0]?.got) return [];
  const { rows } = await tx.query<EncodedMessage & { seq: string }>(
    { name: 'relay-read', text: 'SELECT seq, id, topic, key, headers, value FROM outbox ORDER BY seq LIMIT $1' },
    [batch],
  );
  return rows;
};

/**
 * One batch. The lock makes one replica the mover; the rows go when the bus has them. A crash between the two moves them again,
 * in the same order, and consumers know their ids.
 */
const move = (db: Database, bus: Pick<Bus, 'publish'>, batch: number): Promise<number> =>
  db.transaction(
    async (tx) => {
      const rows = await take(tx, batch);
      if (rows.length === 0) return 0;
      await bus.publish(rows.map(decodeMessage));
      faultPoint('outbox.published');
      await tx.query({ name: 'relay-delete', text: 'DELETE FROM outbox WHERE seq = ANY($1::bigint[])' }, [
        rows.map(({ seq }) => seq),
      ]);
      faultPoint('outbox.written');
      return rows.length;
    },
    { retries: 0 },
  );

/** Moves a role's outbox to the bus until stopped. Several replicas may run one each. */
export const startRelay = ({ db, bus, notify, pollEvery = 500, batch = 500, onError }: RelayOptions): Relay => {
  let stopped = false;
  let woken = false;
  /** ends the rest under way: of a stop, and of a wake */
  const end = { stop: idle, wake: idle };
  const wakeUp = () => {
    woken = true;
    end.wake();
  };
  const deaf = notify?.listen(outboxChannel(db.schema), wakeUp);
  const most = Math.min(batch, MAX_BATCH);
  const moveNow = () => move(db, bus, most);
  const rest = (ms: number, { wakes }: { wakes: boolean }) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, stopped ? 0 : ms);
      end.stop = () => {
        clearTimeout(timer);
        resolve();
      };
      end.wake = wakes ? end.stop : idle;
    });
  const run = async () => {
    let failures = 0;
    while (!stopped) {
      await intakeFirst.turn();
      woken = false;
      const moved = await moveNow().catch((caught: unknown) => {
        onError?.(caught);
        return undefined;
      });
      failures = moved === undefined ? failures + 1 : 0;
      // after a failure a wake does not hasten the next try: with the bus away and intake going on, each would read a batch and fail
      if (failures > 0) await rest(Math.min(pollEvery * 2 ** (failures - 1), LONGEST_PAUSE_MS), { wakes: false });
      else if ((moved ?? 0) < most && !stopped) {
        if (moved) await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
        // what is appended later wakes: a batch that was not full needs no second look
        if (!woken && !stopped) await rest(pollEvery, { wakes: true });
      }
    }
  };
  const running = run();
  return {
    moveNow,
    stop: async () => {
      stopped = true;
      deaf?.();
      end.stop();
      await running;
    },
  };
};
