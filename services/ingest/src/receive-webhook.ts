import { asProblem, problem, type Problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import { faultPoint } from '@medshare/telemetry/fault-point';
import { followEvents } from './follow-events.js';
import { findWanted, type Asked } from './find-wanted.js';
import type { FetchSource } from './fetch-source.js';
import type { IngestMetrics } from './ingest-metrics.js';
import type { KeyedHashes } from './keyed-hashes.js';
import { Refused } from './read-fhir.js';
import { readNotification, type Attached, type Notification, type ResourceName } from './read-notification.js';
import { keptPlace, type RefuseMessage } from './refuse-message.js';
import { insertFetch, lockSubscription, noteHeard, wantSearch } from './store/webhooks.js';
import type { FeedName, TakeVersion } from './take-version.js';

type Parts = Pick<RoleContext, 'database' | 'clock' | 'random' | 'transit' | 'logger'>;

interface Steps {
  readonly take: TakeVersion;
  readonly refuse: RefuseMessage;
  readonly metrics: IngestMetrics;
  readonly fetch: Pick<FetchSource, 'wake' | 'hasSource'>;
}

/** For how long a missing event may be on its way before it is fetched, ms. */
const patience = 5_000;

/**
 * Takes what subscriptions of another system's FHIR server tell: R4's rest-hooks with and without a payload, and notifications of the
 * Subscriptions R5 Backport IG. Whatever is answered 2xx is durable: the resources that came, and what is to be fetched.
 */
export class ReceiveWebhook {
  constructor(
    private readonly parts: Parts,
    private readonly steps: Steps,
    private readonly hashes: KeyedHashes,
    private readonly options: { readonly maxBytes: number; readonly patience?: number },
  ) {}

  /** `PUT {type}/{id}`: R4's rest-hook with a payload (http://hl7.org/fhir/R4/subscription.html#2.46.6.1). @throws Refused */
  async resource(named: ResourceName, bytes: Uint8Array, feed: FeedName): Promise<void> {
    await this.steps.take.take(bytes, feed, named);
  }

  /** An empty POST: something has changed at the source. @throws Refused */
  async changed(feed: FeedName): Promise<void> {
    const { database, clock, random } = this.parts;
    if (!this.steps.fetch.hasSource(feed.name)) throw await this.refused(feed, undefined, problem('source.missing'));
    await wantSearch(database, { id: random.uuid(), feed: feed.name }, clock.now());
    this.steps.fetch.wake();
  }

  /**
   * A notification Bundle. A resource in it that is refused does not hold up the others: it is recorded as refused and kept as a failed
   * fetch, to be fetched again once it is mended.
   * @returns what was refused
   * @throws Refused for a Bundle that is no notification, Problem for what is wrong here
   */
  async notification(bytes: Uint8Array, feed: FeedName): Promise<readonly Problem[]> {
    const told = await this.read(bytes, feed);
    const refused = await this.takeAll(told.attached, feed);
    faultPoint('webhook.taken');
    await this.note(told, feed, refused);
    faultPoint('webhook.note.done');
    this.steps.fetch.wake();
    return refused.map(({ why }) => why);
  }

  /** A body that could not be read is a refusal like any other. */
  async refuseBody(why: Problem, feed: FeedName): Promise<never> {
    throw await this.refused(feed, undefined, why);
  }

  private async read(bytes: Uint8Array, feed: FeedName): Promise<Notification> {
    try {
      return readNotification(bytes, this.options.maxBytes);
    } catch (caught) {
      throw await this.refused(feed, bytes, asProblem(caught));
    }
  }

  private async refused({ name: feed }: FeedName, bytes: Uint8Array | undefined, why: Problem): Promise<Refused> {
    await this.steps.refuse.refuse({ via: 'http', kind: 'fhir', feed, bytes, problems: [why] });
    return new Refused([why]);
  }

  /** @returns those that were refused; what is wrong here is thrown, and the source sends all of it again */
  private async takeAll(attached: readonly Attached[], feed: FeedName): Promise<{ of: Attached; why: Problem }[]> {
    const taken = await Promise.allSettled(attached.map(({ bytes }) => this.steps.take.take(bytes, feed)));
    return taken.flatMap((each, index) => {
      const of = attached[index] as Attached;
      if (each.status === 'fulfilled') return [];
      if (!(each.reason instanceof Refused)) throw each.reason;
      const { code, where = '', detail } = each.reason.problems[0];
      return [{ of, why: problem(code, { where: `Bundle.entry[${of.entry}].resource ${where}`.trim(), detail }) }];
    });
  }

  private async note(told: Notification, feed: FeedName, refused: { of: Attached; why: Problem }[]): Promise<void> {
    const { database, clock, random, logger } = this.parts;
    const now = clock.now();
    const of = { feed: feed.name, subscription: this.hashes.source(feed.name, told.subscription) };
    const missed = await database.transaction(async (tx) => {
      const known = await lockSubscription(tx, of, now);
      const type = told.type === 'handshake' || told.type === 'heartbeat' ? told.type : 'event-notification';
      const numbers = told.events.map(({ number }) => number);
      const followed = followEvents(known, { type, since: told.since, at: told.at, numbers });
      // one that comes late says what was
      const stale = told.at !== undefined && followed.toldAt !== undefined && told.at < followed.toldAt;
      await noteHeard(tx, of, { followed, status: stale ? undefined : told.status, now, newId: () => random.uuid() });
      const put = (asked: Asked) => this.parts.transit.put(tx, { header: asked, parts: [] });
      const named = (name: string) => this.hashes.source(feed.name, name);
      const wanted = findWanted(told, followed.fresh);
      // events that came without saying what they are about are not late: their content is asked for at once
      for (const [ranges, dueAt] of [
        [followed.missing, now + (this.options.patience ?? patience)],
        [wanted.events, now],
      ] as const)
        for (const events of ranges) {
          const payload = await put({ subscription: told.subscription });
          await insertFetch(tx, { id: random.uuid(), ...of, kind: 'events', events, payload, dueAt }, now);
        }
      for (const { number, focus } of wanted.resources) {
        const identity = named(`${of.subscription} ${number} ${focus.type}/${focus.id}`);
        const fetch = { id: random.uuid(), feed: feed.name, kind: 'resource', identity, dueAt: now } as const;
        await insertFetch(tx, { ...fetch, payload: await put(focus) }, now);
      }
      for (const { of: attached, why } of refused)
        await insertFetch(tx, await this.refusedFetch(tx, attached, { feed: feed.name, why, now }), now);
      faultPoint('webhook.note.written');
      return followed.missing.reduce((sum, { first, last }) => sum + last - first + 1, 0);
    });
    if (missed > 0) {
      this.steps.metrics.missedEvents(feed.name, missed);
      logger.warn({ feed: feed.name, count: missed }, 'events of a subscription are missing and will be fetched');
    }
  }

  private async refusedFetch(
    tx: Parameters<Parts['transit']['put']>[0],
    { name: { type, id }, bytes }: Attached,
    { feed, why, now }: { feed: string; why: Problem; now: number },
  ) {
    const asked = type !== undefined && id !== undefined && { type, id };
    return {
      id: this.parts.random.uuid(),
      feed,
      kind: 'resource' as const,
      identity: this.hashes.source(feed, 'refused', this.hashes.content(bytes)),
      ...(asked && { payload: await this.parts.transit.put(tx, { header: asked, parts: [] }) }),
      failed: { code: why.code, where: keptPlace(why.where) },
      dueAt: now,
    };
  }
}
