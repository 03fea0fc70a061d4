import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { asProblem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { Gauge } from '@medshare/telemetry';
import { unsignedEntries } from './store/log.js';

/** Between two looks, ms: what an alert may be late by. */
const every = 15_000;

/** Shows on the metrics page how much of the log no checkpoint covers yet. */
export class WatchCheckpoints implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private readonly entries: Gauge;
  private readonly lag: Gauge;

  constructor(private readonly context: RoleContext) {
    const { metrics } = context;
    this.entries = metrics.gauge('audit_entries_unsigned', 'Entries of the log that no checkpoint covers yet');
    this.lag = metrics.gauge('audit_checkpoint_lag_seconds', 'Time since the first of them; 0 when there is none');
  }

  onApplicationBootstrap(): void {
    this.running = this.look();
    this.timer = setInterval(() => (this.running = this.look()), every).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** Never rejects: a database that is away has an alert of its own. */
  async look(): Promise<void> {
    const { database, clock, logger } = this.context;
    try {
      const { count, oldest } = await unsignedEntries(database);
      this.entries.set(count);
      this.lag.set(oldest === undefined ? 0 : Math.max(0, clock.now() - oldest) / 1000);
    } catch (caught) {
      logger.debug({ code: asProblem(caught).code }, 'entries without a checkpoint could not be counted');
    }
  }
}
