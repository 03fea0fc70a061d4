import { asProblem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { IngestMetrics } from './ingest-metrics.js';
import { countParked } from './store/parked.js';
import { lagOfFeeds } from './store/browse.js';

/** Between two looks, ms: what an alert may be late by. */
const every = 15_000;

type Parts = Pick<RoleContext, 'database' | 'clock' | 'logger'>;

/** Keeps gauges of what each feed's messages wait for. */
export class WatchLag {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  /** @param feeds configured ones: their gauges go back to 0 when nothing waits any more */
  constructor(
    private readonly parts: Parts,
    private readonly metrics: IngestMetrics,
    private readonly feeds: readonly string[],
  ) {}

  start(): void {
    this.running = this.look();
    this.timer = setInterval(() => (this.running = this.look()), every).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** Never rejects: a database that is away has alerts of its own. */
  async look(): Promise<void> {
    const { database, clock, logger } = this.parts;
    try {
      const found = new Map((await lagOfFeeds(database)).map((each) => [each.feed, each]));
      for (const feed of new Set([...this.feeds, 'fhir', ...found.keys()])) {
        const { unprocessed = 0, oldest } = found.get(feed) ?? {};
        this.metrics.lag(feed, unprocessed, oldest === undefined ? 0 : Math.max(0, clock.now() - oldest));
      }
      this.metrics.parked(await countParked(database));
    } catch (caught) {
      logger.debug({ code: asProblem(caught).code }, 'the lag of feeds could not be measured');
    }
  }
}
