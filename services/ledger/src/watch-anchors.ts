import { Watch, type RoleContext } from '@medshare/role';
import type { Gauge } from '@medshare/telemetry';
import { anchorBacklog } from './store/anchors.js';

/** Between two looks, ms: what an alert may be late by. */
const every = 15_000;

/** Shows on the metrics page what waits for the chain, for how long, and what the chain will never have. */
export class WatchAnchors extends Watch {
  private readonly gauges: { waiting: Gauge; refused: Gauge; lag: Gauge };

  constructor(private readonly context: RoleContext) {
    super(every, (code) => context.logger.debug({ code }, 'anchors that wait could not be counted'));
    const gauge = (name: string, help: string) => context.metrics.gauge(name, help);
    this.gauges = {
      waiting: gauge('ledger_anchors_waiting', 'Sealed records that the chain does not show yet'),
      refused: gauge('ledger_anchors_refused', 'Sealed records whose tag the chain holds with other content'),
      lag: gauge('ledger_anchor_lag_seconds', 'Time since the oldest record that waits for the chain was received'),
    };
  }

  protected async measure(): Promise<void> {
    const { database, clock } = this.context;
    const { waiting, refused, oldest } = await anchorBacklog(database);
    this.gauges.waiting.set(waiting);
    this.gauges.refused.set(refused);
    this.gauges.lag.set(oldest === undefined ? 0 : Math.max(0, clock.now() - oldest) / 1000);
  }
}
