import { Watch, type RoleContext } from '@medshare/role';
import type { IngestMetrics } from './ingest-metrics.js';
import { countParked } from './store/parked.js';
import { lagOfFeeds } from './store/browse.js';

/** Between two looks, ms: what an alert may be late by. */
const every = 15_000;

type Parts = Pick<RoleContext, 'database' | 'clock' | 'logger'>;

/** Keeps gauges of what each feed's messages wait for. */
export class WatchLag extends Watch {
  /** @param feeds configured ones: their gauges go back to 0 when nothing waits any more */
  constructor(
    private readonly parts: Parts,
    private readonly metrics: IngestMetrics,
    private readonly feeds: readonly string[],
  ) {
    super(every, (code) => parts.logger.debug({ code }, 'the lag of feeds could not be measured'));
  }

  protected async measure(): Promise<void> {
    const { database, clock } = this.parts;
    const found = new Map((await lagOfFeeds(database)).map((each) => [each.feed, each]));
    for (const feed of new Set([...this.feeds, 'fhir', ...found.keys()])) {
      const { unprocessed = 0, oldest } = found.get(feed) ?? {};
      this.metrics.lag(feed, unprocessed, oldest === undefined ? 0 : Math.max(0, clock.now() - oldest));
    }
    this.metrics.parked(await countParked(database));
  }
}
