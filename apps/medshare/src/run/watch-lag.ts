import type { Bus } from '@medshare/bus';
import { catalogue } from '@medshare/events';
import { roleNames } from '@medshare/role';
import type { Metrics } from '@medshare/telemetry';

/** The role of whoever does what no consumer could: dead letters wait for a person. */
const mending = { group: 'mend', topic: 'dead-letters' };

const labels = {
  group: [...roleNames, mending.group],
  topic: [...Object.keys(catalogue), mending.topic],
};

/**
 * Keeps a gauge of the events on the bus that each group has still to do.
 * @returns one look, which rejects when the bus is away
 */
export function watchLag(bus: Pick<Bus, 'lag'>, metrics: Metrics): () => Promise<void> {
  const gauge = metrics.gauge('bus_lag_events', 'Events on the bus that a group has still to do.', labels);
  return async () => {
    const sums = new Map<string, { group: string; topic: string; lag: number }>();
    for (const { group, topic, lag } of await bus.lag()) {
      const key = `${group} ${topic}`;
      sums.set(key, { group, topic, lag: (sums.get(key)?.lag ?? 0) + lag });
    }
    for (const { lag, ...group } of sums.values()) gauge.set(lag, group);
  };
}
