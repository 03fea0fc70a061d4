import { fileURLToPath } from 'node:url';
import { migrate, openDatabase, openListener, type Listener } from '@medshare/database';
import { isProblem, problem } from '@medshare/problems';
import type { Bus } from './bus.port.js';
import { Dispatcher, type Consumer } from './log/dispatcher.js';
import { append, ensureGroup, ensureTopic, lagOf, removeBefore } from './log/log-store.js';
import { checkName, encodeMessage, MAX_BATCH } from './message.js';

export interface PostgresLogOptions {
  /** the institution's database; the log lives in its schema `bus` */
  readonly url: string;
  /** partitions of a topic that does not exist yet; default 8 */
  readonly partitions?: number;
  /** partitions worked on at once in this process, each by one connection; default 4 */
  readonly concurrency?: number;
  /** default 1000 ms */
  readonly pollEvery?: number;
  /** a listener of the same database to share; else the bus opens one */
  readonly listener?: Listener;
}

/** The log in PostgreSQL: a bus that can also forget. */
export interface PostgresLogBus extends Bus {
  /** Removes what is older than an instant (ms) and done by every group. @returns how many */
  removeBefore(instant: number): Promise<number>;
}

/** folder of the log's migrations, Prisma's layout */
export const busMigrations = fileURLToPath(new URL('../prisma/migrations', import.meta.url));

const unavailable = (caught: unknown): never => {
  if (isProblem(caught) && caught.code !== 'storage.unavailable') throw caught;
  throw problem('bus.unavailable', { cause: caught });
};

/** Opens the log (making it where it is missing). Holds one connection for wakes, and others only while there is work. */
export const openPostgresLog = async (options: PostgresLogOptions): Promise<PostgresLogBus> => {
  const { url, partitions = 8, concurrency = 4, pollEvery = 1_000 } = options;
  await migrate(url, 'bus', [busMigrations]).catch(unavailable);
  // one more than the workers, so that publishing never waits for a handler
  const db = openDatabase({ url, schema: 'bus', max: concurrency + 2, applicationName: 'medshare bus' });
  const listener = options.listener ?? openListener(url);
  const dispatcher = new Dispatcher({ db, concurrency, pollEvery });
  const deaf = listener.listen('bus', () => dispatcher.wake());
  return {
    async publish(messages) {
      if (messages.length === 0) return;
      if (messages.length > MAX_BATCH)
        throw problem('request.too-large', { where: 'publish', detail: `at most ${MAX_BATCH} messages` });
      await append(db, messages.map(encodeMessage), partitions).catch(unavailable);
    },
    async subscribe({ group, topic, handler, batch = 100, atOnce = 1 }) {
      const count = await ensureTopic(db, checkName(topic), partitions).catch(unavailable);
      await ensureGroup(db, checkName(group), topic, count).catch(unavailable);
      const consumer: Consumer = { group, topic, handler, batch, atOnce, closed: false };
      dispatcher.add(consumer);
      return { close: () => dispatcher.remove(consumer) };
    },
    lag: () => lagOf(db).catch(unavailable),
    removeBefore: (instant) => removeBefore(db, instant).catch(unavailable),
    async close() {
      deaf();
      await dispatcher.close();
      if (!options.listener) await listener.close();
      await db.close();
    },
  };
};
