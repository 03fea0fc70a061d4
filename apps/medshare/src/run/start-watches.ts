import type { Clock } from '@medshare/clock';
import { asProblem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import { watchOutbox } from './watch-outbox.js';
import { watchParked } from './watch-parked.js';

/** Between two looks, ms: what an alert may be late by. */
const every = 15_000;

type Watched = Pick<RoleContext, 'inbox' | 'database' | 'metrics' | 'logger'>;

/** Keeps the gauges that every role has. */
export function startWatches(roles: readonly Watched[], { clock }: { clock: Clock }): { stop(): Promise<void> } {
  const looks = roles.map((role) => watchRole(role, clock));
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

/** @returns one look, which never rejects: gauges that could not be renewed keep their value, and a counter tells */
export function watchRole(role: Watched, clock: Clock): () => Promise<void> {
  const failures = role.metrics.counter('watch_failures', 'Looks that failed: the gauges of this role are old.');
  failures.add(0);
  const looks = [watchParked(role, clock), watchOutbox(role, clock)];
  return async () => {
    try {
      for (const look of looks) await look();
    } catch (caught) {
      failures.add();
      role.logger.debug({ code: asProblem(caught).code }, 'what waits could not be counted');
    }
  };
}
