import { setTimeout as sleep } from 'node:timers/promises';
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from './embedded-postgres.driver.js';
import { isAlive } from './embedded/running-server.js';

/** How often the server is looked at, and the pause before a start that failed is tried again, ms. */
const every = 500;
const pause = 2_000;

/**
 * An embedded PostgreSQL that is started again, over the same folder and port, when it ends without being asked to. What was committed
 * is there again; until then whoever uses it finds it unavailable.
 */
export const superviseEmbeddedPostgres = async (options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> => {
  let server = await startEmbeddedPostgres(options);
  const { adminUrl, port } = server;
  const stopping = new AbortController();
  const { signal } = stopping;
  const supervise = async () => {
    while (!signal.aborted) {
      await sleep(every, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted || (await isAlive(server.pid))) continue;
      const again = await startEmbeddedPostgres({ ...options, port }).catch(() => undefined);
      if (again) server = again;
      else await sleep(pause, undefined, { signal, ref: false }).catch(() => undefined);
    }
  };
  const supervising = supervise();
  return {
    adminUrl,
    port,
    get pid() {
      return server.pid;
    },
    ensureDatabase: (wanted) => server.ensureDatabase(wanted),
    async stop() {
      stopping.abort();
      await supervising;
      await server.stop();
    },
  };
};
