import type { Clock } from '@medshare/clock';
import { outboxFigures } from '@medshare/outbox';
import type { RoleContext } from '@medshare/role';

/**
 * Keeps gauges of what a role wrote and the bus does not have yet.
 * @returns one look, which rejects when the database is away
 */
export function watchOutbox(
  { database, metrics }: Pick<RoleContext, 'database' | 'metrics'>,
  clock: Clock,
): () => Promise<void> {
  const backlog = metrics.gauge('outbox_backlog', 'Events written that the bus does not have yet.');
  const oldest = metrics.gauge('outbox_oldest_age_seconds', 'Age of the oldest of them; 0 when there is none.');
  return async () => {
    const found = await outboxFigures(database);
    backlog.set(found.waiting);
    oldest.set(found.oldest === undefined ? 0 : Math.max(0, clock.now() - found.oldest) / 1000);
  };
}
