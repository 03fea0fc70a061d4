import { removePayloadsBefore } from '@medshare/outbox';
import { asProblem } from '@medshare/problems';
import type { Config } from '../config.js';
import type { Assembled } from './assemble.js';
import { startWatches } from './start-watches.js';
import { watchCertificates } from './watch-certificates.js';

/** Between two rounds, ms. */
const every = 3_600_000;
const DAY = 86_400_000;
/** What is needed longer is kept longer by this much, ms; a transit key seals for one day. */
const margin = DAY;

export interface Housekeeping {
  stop(): Promise<void>;
}

/** Forgets on time what is done: events on the bus, ids of events, payloads and the keys they were sealed under. */
export function startHousekeeping(config: Config, assembled: Assembled): Housekeeping {
  let running: Promise<void> = Promise.resolve();
  const round = () => (running = quietly(config, assembled));
  const timer = setInterval(() => void round(), every).unref();
  const { contexts, bus, metrics, logger, clock } = assembled;
  const watch = startWatches({
    roles: [...contexts.values()],
    bus: { bus, metrics: metrics.forRole('bus'), logger },
    clock,
  });
  const certificates = watchCertificates(config, assembled);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all([running, watch.stop(), certificates.stop()]);
    },
  };
}

async function quietly(config: Config, assembled: Assembled): Promise<void> {
  try {
    await forget(config, assembled);
  } catch (caught) {
    assembled.logger.warn({ code: asProblem(caught).code }, 'housekeeping was cut off, will retry');
  }
}

/** One round. While a consumer lags or an event is parked nothing that it may need is forgotten. */
export async function forget({ limits }: Config, { bus, contexts, transit, clock, logger }: Assembled): Promise<void> {
  const lag = await bus.lag();
  const parked = await Promise.all([...contexts.values()].map(({ inbox }) => inbox.listParked(1)));
  if (lag.some((one) => one.lag > 0) || parked.flat().length > 0) return;
  const before = clock.now() - limits.retentionDays * DAY;
  await bus.removeBefore?.(before);
  // ids outlive their events, payloads the events that name them, keys the payloads under them
  for (const { inbox } of contexts.values()) await inbox.forgetBefore(before - margin);
  const payloads = await removePayloadsBefore(transit.database, before - margin);
  const keys = await transit.payloads.destroyKeysBefore(before - 3 * margin);
  logger.info({ count: payloads + keys }, 'forgot payloads and keys past their retention');
}
