import { Watch, type RoleContext } from '@medshare/role';
import type { Gauge } from '@medshare/telemetry';
import { unsignedEntries } from './store/log.js';

/** Between two looks, ms: what an alert may be late by. */
const every = 15_000;

/** Shows on the metrics page how much of the log no checkpoint covers yet. */
export class WatchCheckpoints extends Watch {
  private readonly entries: Gauge;
  private readonly lag: Gauge;

  constructor(private readonly context: RoleContext) {
    super(every, (code) => context.logger.debug({ code }, 'entries without a checkpoint could not be counted'));
    const { metrics } = context;
    this.entries = metrics.gauge('audit_entries_unsigned', 'Entries of the log that no checkpoint covers yet');
    this.lag = metrics.gauge('audit_checkpoint_lag_seconds', 'Time since the first of them; 0 when there is none');
  }

  protected async measure(): Promise<void> {
    const { database, clock } = this.context;
    const { count, oldest } = await unsignedEntries(database);
    this.entries.set(count);
    this.lag.set(oldest === undefined ? 0 : Math.max(0, clock.now() - oldest) / 1000);
  }
}
