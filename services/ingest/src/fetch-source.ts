import { backoffOf, Rounds } from '@medshare/outbox';
import { asProblem, type Problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import { traced } from '@medshare/telemetry';
import { FetchOne, NeedsPerson } from './fetch-one.js';
import type { Feed } from './ingest.config.js';
import type { IngestMetrics } from './ingest-metrics.js';
import { keptPlace } from './refuse-message.js';
import { agingPayloads, putOffFetch, renewPayload, takeFetches, type DueFetch } from './store/webhooks.js';
import { webhookFigures } from './store/webhook-figures.js';

type Parts = Pick<RoleContext, 'database' | 'clock' | 'logger' | 'transit' | 'institution'>;

interface Steps {
  readonly one: FetchOne;
  readonly feeds: readonly Feed[];
  readonly metrics: IngestMetrics;
}

/** Longest wait before due fetches are looked for without being told, ms. */
const idle = 1_000;
/** Between two looks at the figures, ms. */
const figuresEvery = 15_000;
/** Wait before the next try, doubled up to the limit, ms. */
const backoff = { first: 1_000, limit: 600_000 };
/** Tries of what will not get better by itself. */
const patience = 8;
const batch = 64;
/** For how long a process has a fetch to itself without saying so again: longer than one answer can take, ms. */
export const fetchLeaseMs = 60_000;
/** Payloads outlive what is still to be fetched: they are sealed again at this age, ms; long before any retention. */
const renewAfter = 86_400_000;

/**
 * Fetches from feeds' FHIR servers what notifications did not bring. One feed's fetches are made one after the other, in their order.
 * What time can mend is tried until it works, with growing pauses; what it cannot waits for a person. Both are visible.
 */
export class FetchSource {
  private readonly rounds = new Rounds({
    round: () => this.fetchDue(),
    failed: (caught) =>
      this.parts.logger.warn({ code: asProblem(caught).code }, 'nothing could be fetched, will retry'),
    idle,
  });
  private figuresAt = -Infinity;

  constructor(
    private readonly parts: Parts,
    private readonly steps: Steps,
    private readonly leaseMs = fetchLeaseMs,
  ) {}

  hasSource(feed: string): boolean {
    return this.steps.feeds.some(({ name, webhook }) => name === feed && webhook?.source !== undefined);
  }

  start(): void {
    this.rounds.start();
  }

  stop(): Promise<void> {
    return this.rounds.stop();
  }

  /** Tells that something may be due. */
  wake(): void {
    // what was told may be that a subscription has stopped
    this.figuresAt = Math.min(this.figuresAt, this.parts.clock.now() - figuresEvery + idle);
    this.rounds.wake();
  }

  /** One round. @returns how many were due */
  async fetchDue(): Promise<number> {
    const { database, clock } = this.parts;
    const due = await takeFetches(database, { now: clock.now(), leaseMs: this.leaseMs, limit: batch });
    const feeds = new Set(due.map(({ feed }) => feed));
    await Promise.all([...feeds].map((feed) => this.inOrder(due.filter((each) => each.feed === feed))));
    if (due.length > 0 || clock.now() - this.figuresAt >= figuresEvery) await this.look();
    return due.length;
  }

  /** Brings the gauges up to date, and payloads that are growing old. */
  async look(): Promise<void> {
    const { database, clock, transit } = this.parts;
    this.figuresAt = clock.now();
    this.steps.metrics.webhooks(await webhookFigures(database, clock.now()));
    for (const { id, payload } of await agingPayloads(database, clock.now() - renewAfter)) {
      const { header, parts } = await transit.get(payload);
      await database.transaction(async (tx) =>
        renewPayload(tx, id, await transit.put(tx, { header, parts }), clock.now()),
      );
    }
  }

  private async inOrder(fetches: readonly DueFetch[]): Promise<void> {
    for (const fetch of fetches) {
      if (this.rounds.stopping) return;
      const { institution } = this.parts;
      await traced('fetch', { institution, role: 'ingest' }, {}, () => this.fetch(fetch));
    }
  }

  private async fetch(fetch: DueFetch): Promise<void> {
    const { database, clock, logger } = this.parts;
    const { id, feed, attempts } = fetch;
    try {
      await this.steps.one.fetch(
        fetch,
        this.steps.feeds.find(({ name }) => name === feed),
        this.leaseMs,
      );
    } catch (caught) {
      const found = caught instanceof NeedsPerson ? caught.why : asProblem(caught);
      const { code } = found;
      const gives = caught instanceof NeedsPerson || (!isPassing(found) && attempts >= patience);
      const nextAt = gives ? undefined : clock.now() + backoffOf(backoff, attempts);
      await putOffFetch(database, id, { code, where: keptPlace(found.where) }, nextAt).catch(() => undefined);
      const text = gives ? 'a fetch waits for a person' : 'a fetch is put off';
      logger.warn({ id, feed, code, attempt: attempts }, text);
    }
  }
}

const isPassing = ({ issue }: Problem): boolean =>
  ['transient', 'throttled', 'timeout', 'no-store', 'lock-error'].includes(issue);
