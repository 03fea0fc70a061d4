import { problem, type Problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import { faultPoint } from '@medshare/telemetry/fault-point';
import { BackendTokens } from './backend-tokens.js';
import { FhirServerClient } from './fhir-server.js';
import type { Feed, FhirServer } from './ingest.config.js';
import type { KeyedHashes } from './keyed-hashes.js';
import { Refused } from './read-fhir.js';
import { readNotification, type Notification, type ResourceName } from './read-notification.js';
import { findWanted, type Asked } from './find-wanted.js';
import { keptPlace } from './refuse-message.js';
import { SearchSource } from './search-source.js';
import {
  extendLease,
  insertFetch,
  noteFetched,
  noteFetchedUntil,
  putOffFetch,
  type DueFetch,
} from './store/webhooks.js';
import type { TakeVersion } from './take-version.js';

type Parts = Pick<RoleContext, 'database' | 'clock' | 'random' | 'transit'>;

/** Time will not mend it. */
export class NeedsPerson extends Error {
  constructor(readonly why: Problem) {
    super('needs a person');
  }
}

/** Events asked for at one time. */
const eventsAtOnce = 100;

/** What a fetch works with. */
export interface Fetching {
  readonly fetch: DueFetch;
  readonly feed: Feed;
  readonly server: FhirServer;
  readonly client: Pick<FhirServerClient, 'get'>;
  /** takes a resource that was fetched; one that is refused waits as a failed fetch and holds up nothing */
  take(bytes: Uint8Array, named?: Partial<ResourceName>): Promise<void>;
}

/** Makes one fetch and notes it as done. A fetch may be made twice: what it brings is taken once. */
export class FetchOne {
  private readonly search: SearchSource;
  private readonly tokens: BackendTokens;

  constructor(
    private readonly parts: Parts,
    private readonly takeVersion: TakeVersion,
    private readonly hashes: KeyedHashes,
    private readonly maxBytes: number,
  ) {
    this.search = new SearchSource(parts, maxBytes);
    this.tokens = new BackendTokens(parts);
  }

  /** @throws NeedsPerson, Problem for what is tried again */
  async fetch(fetch: DueFetch, feed: Feed | undefined, leaseMs: number): Promise<void> {
    const { database, clock } = this.parts;
    const server = feed?.webhook?.source;
    if (!feed || !server) throw new NeedsPerson(problem('source.missing'));
    faultPoint('webhook.fetch.entered');
    const client = await FhirServerClient.open(server, this.tokens, this.maxBytes);
    try {
      const get = async (address: string) => {
        await extendLease(database, fetch.id, clock.now() + leaseMs);
        return client.get(address);
      };
      const take = (bytes: Uint8Array, named?: Partial<ResourceName>) => this.take(bytes, feed, named);
      const doing = { fetch, feed, server, client: { get }, take };
      if (fetch.kind === 'search') await this.changes(doing);
      else if (fetch.kind === 'resource') await this.resource(doing);
      else await this.events(doing);
    } finally {
      await client.close();
    }
  }

  private async changes({ fetch, ...doing }: Fetching): Promise<void> {
    const { database, clock } = this.parts;
    if (doing.server.search.length === 0) throw new NeedsPerson(problem('source.missing', { detail: 'no search' }));
    const whole = await this.search.search({ fetch, ...doing });
    if (whole) await noteFetched(database, fetch.id);
    else await putOffFetch(database, fetch.id, { code: null, where: undefined }, clock.now());
  }

  private async resource({ fetch, feed, client }: Fetching): Promise<void> {
    const asked = await this.asked(fetch);
    if (!asked || !('type' in asked)) throw new NeedsPerson(problem('source.invalid', { detail: 'it has no name' }));
    const { status, bytes } = await client.get(`${asked.type}/${asked.id}`);
    // gone since: there is nothing to take
    if (status !== 410) {
      if (status !== 200) throw problem('source.refused', { detail: `it answers ${status}` });
      await this.takeVersion.take(bytes, feed, asked).catch(refusedNeedsPerson);
    }
    faultPoint('webhook.fetch.taken');
    await noteFetched(this.parts.database, fetch.id);
  }

  /** `$events` of the subscription (Subscriptions R5 Backport 1.1); where the server does not keep them, its resources are searched. */
  private async events(doing: Fetching): Promise<void> {
    const { fetch, client, take } = doing;
    const { first, last: end } = fetch.events ?? { first: 1, last: 0 };
    const last = Math.min(end, first + eventsAtOnce - 1);
    const asked = await this.asked(fetch);
    const answer =
      asked && 'subscription' in asked && fetch.subscription !== null
        ? await client.get(
            `Subscription/${asked.subscription}/$events?eventsSinceNumber=${first}&eventsUntilNumber=${last}&content=full-resource`,
          )
        : undefined;
    if (!asked || answer?.status !== 200) return this.instead(doing);
    const told = this.notificationOf(answer.bytes);
    const { events, resources } = findWanted(told, rangeOf(first, last));
    for (const { bytes } of told.attached) await take(bytes);
    for (const { focus } of resources) {
      const { status, bytes } = await client.get(`${focus.type}/${focus.id}`);
      if (status === 200) await take(bytes, focus);
      else if (status !== 410) throw problem('source.refused', { detail: `it answers ${status}` });
    }
    const given = new Set(told.events.map(({ number }) => number));
    if (events.length > 0 || rangeOf(first, last).some((number) => !given.has(number))) return this.instead(doing);
    faultPoint('webhook.fetch.taken');
    await noteFetchedUntil(this.parts.database, fetch.id, last);
  }

  /** Finds by a search what events were about. */
  private async instead(doing: Fetching): Promise<void> {
    if (doing.server.search.length > 0) return this.changes(doing);
    throw problem('source.refused', { detail: 'it does not tell these events, and no search is configured' });
  }

  private notificationOf(bytes: Uint8Array): Notification {
    try {
      return readNotification(bytes, this.maxBytes);
    } catch (cause) {
      throw problem('source.invalid', { detail: 'not a notification', cause });
    }
  }

  private async asked({ payload }: DueFetch): Promise<Asked | undefined> {
    return payload === null ? undefined : ((await this.parts.transit.get(payload)).header as Asked);
  }

  private async take(bytes: Uint8Array, feed: Feed, named?: Partial<ResourceName>): Promise<void> {
    try {
      await this.takeVersion.take(bytes, feed, named);
    } catch (caught) {
      if (!(caught instanceof Refused)) throw caught;
      await this.keepRefused(bytes, feed, caught.problems[0]);
    }
  }

  private async keepRefused(bytes: Uint8Array, { name: feed }: Feed, why: Problem): Promise<void> {
    const { database, clock, random, transit } = this.parts;
    const named = nameOf(bytes);
    const identity = this.hashes.source(feed, 'refused', this.hashes.content(bytes));
    const failed = { code: why.code, where: keptPlace(why.where) };
    await database.transaction(async (tx) => {
      const payload = named && (await transit.put(tx, { header: named, parts: [] }));
      const fetch = { id: random.uuid(), feed, kind: 'resource', identity, failed, dueAt: clock.now() } as const;
      await insertFetch(tx, { ...fetch, ...(payload !== undefined && { payload }) }, clock.now());
    });
  }
}

const rangeOf = (first: number, last: number): number[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => first + n);

function refusedNeedsPerson(caught: unknown): never {
  throw caught instanceof Refused ? new NeedsPerson(caught.problems[0]) : caught;
}

function nameOf(bytes: Uint8Array): ResourceName | undefined {
  try {
    const { resourceType: type, id } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    return typeof type === 'string' && typeof id === 'string' ? { type, id } : undefined;
  } catch {
    return undefined;
  }
}
