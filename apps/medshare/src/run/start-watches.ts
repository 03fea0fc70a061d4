import type { Clock } from '@medshare/clock';
import type { Bus } from '@medshare/bus';
import { asProblem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { Metrics } from '@medshare/telemetry';
import { watchLag } from './watch-lag.js';
import { watchOutbox } from './watch-outbox.js';
import { watchParked } from './watch-parked.js';

/** Between two looks, ms: what an alert may be late by. */
const every = 15_000;

type Watched = Pick<RoleContext, 'inbox' | 'database' | 'metrics' | 'logger'>;

interface BusWatched {
  readonly bus: Pick<Bus, 'lag'>;
  readonly metrics: Metrics;
  readonly logger: RoleContext['logger'];
}

export interface Watches {
  readonly roles: readonly Watched[];
  readonly bus: BusWatched;
  readonly clock: Clock;
}

/** Keeps the gauges that every role has, and those of the bus. */
export function startWatches({ roles, bus, clock }: Watches): { stop(): Promise<void> } {
  const looks = [...roles.map((role) => watchRole(role, clock)), watchBus(bus)];
  const round = async () => void (await Promise.all(looks.map((look) => look())));
  let running = round();
  const timer = setInterval(() => (running = round()), every).unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}

export const watchRole = (role: Watched, clock: Clock): (() => Promise<void>) =>
  quietly(role, [watchParked(role, clock), watchOutbox(role, clock)]);

export const watchBus = ({ bus, ...rest }: BusWatched): (() => Promise<void>) =>
  quietly(rest, [watchLag(bus, rest.metrics)]);

/** @returns one look, which never rejects: gauges that could not be renewed keep their value, and a counter tells */
function quietly({ metrics, logger }: Pick<Watched, 'metrics' | 'logger'>, looks: readonly (() => Promise<void>)[]) {
  const failures = metrics.counter('watch_failures', 'Looks that failed: the gauges of this role are old.');
  failures.add(0);
  return async () => {
    try {
      for (const look of looks) await look();
    } catch (caught) {
      failures.add();
      logger.debug({ code: asProblem(caught).code }, 'what waits could not be counted');
    }
  };
}
