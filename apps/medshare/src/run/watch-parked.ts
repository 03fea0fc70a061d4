import type { Clock } from '@medshare/clock';
import { parkedStates } from '@medshare/outbox';
import type { RoleContext } from '@medshare/role';

/**
 * Keeps gauges of what waits in a role's inbox: alerts are made of them (docs/observe.md). Parking is bounded; a full inbox makes the
 * bus keep what comes, so it is told before it is full.
 * @returns one look, which rejects when the database is away
 */
export function watchParked(
  { inbox, metrics, logger }: Pick<RoleContext, 'inbox' | 'metrics' | 'logger'>,
  clock: Clock,
): () => Promise<void> {
  const events = metrics.gauge('inbox_parked_events', 'Events that wait in the inbox, by why.', {
    state: parkedStates,
  });
  const streams = metrics.gauge('inbox_parked_streams', 'Different patients (ordering keys) with waiting events.');
  const oldest = metrics.gauge(
    'inbox_oldest_parked_age_seconds',
    'Age of the oldest waiting event; 0 when none waits.',
  );
  const fill = metrics.gauge(
    'inbox_parked_fill_ratio',
    'Waiting events over the bound, past which the bus keeps them.',
  );
  let warned = false;
  return async () => {
    const found = await inbox.parked.figures();
    for (const state of parkedStates) events.set(found.events[state], { state });
    streams.set(found.streams);
    oldest.set(found.oldest === undefined ? 0 : Math.max(0, clock.now() - found.oldest) / 1000);
    const all = parkedStates.reduce((sum, state) => sum + found.events[state], 0);
    fill.set(all / found.limit);
    const nearlyFull = all * 2 >= found.limit;
    if (nearlyFull && !warned)
      logger.error({ count: all, code: 'event.parked' }, 'half of the room for parked events is taken');
    warned = nearlyFull;
  };
}
