import { parseFhirJson } from '@medshare/fhir';
import { asProblem, problem, type Problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { AcceptMessage } from './accept-message.js';
import type { Feed } from './ingest.config.js';
import type { IngestMetrics } from './ingest-metrics.js';
import type { KeyedHashes } from './keyed-hashes.js';
import { Refused, type ReadFhir } from './read-fhir.js';
import type { ResourceName } from './read-notification.js';
import type { RefuseMessage } from './refuse-message.js';

interface Steps {
  readonly read: ReadFhir;
  readonly accept: AcceptMessage;
  readonly refuse: RefuseMessage;
  readonly metrics: IngestMetrics;
}

/** What of a feed matters here; a token that is no feed's has the feed `fhir`. */
export type FeedName = Pick<Feed, 'name' | 'zone'>;

/**
 * Takes a resource of a FHIR server. A version of a resource (R4 2.3.1, `meta.versionId`) is one message, whichever way and however often it
 * comes: by a hook, in a notification, by a fetch. Without a version its bytes say which it is.
 */
export class TakeVersion {
  constructor(
    private readonly context: Pick<RoleContext, 'clock'>,
    private readonly steps: Steps,
    private readonly hashes: KeyedHashes,
    private readonly maxBytes: number,
  ) {}

  /**
   * Resolves once it is durable. A refusal is recorded and thrown.
   * @param named what it must be
   * @returns whether it came before
   * @throws Refused for what is wrong with it, Problem for what is wrong here
   */
  async take(bytes: Uint8Array, feed: FeedName, named: Partial<ResourceName> = {}): Promise<boolean> {
    const began = this.context.clock.now();
    const candidate = await this.read(bytes, feed, named).catch(async (caught: unknown) => {
      const problems = caught instanceof Refused ? caught.problems : ([asProblem(caught)] as const);
      await this.steps.refuse.refuse({ via: 'http', kind: 'fhir', feed: feed.name, bytes, problems });
      throw new Refused(problems);
    });
    const { duplicate } = await this.steps.accept.accept(candidate);
    this.steps.metrics.accepted('http', 'fhir', feed.name, duplicate);
    this.steps.metrics.acknowledged('http', this.context.clock.now() - began);
    return duplicate;
  }

  private async read(bytes: Uint8Array, { name: feed, zone }: FeedName, named: Partial<ResourceName>) {
    const { value } = parseFhirJson(bytes, { bytes: this.maxBytes });
    const { resourceType, id, meta } = value;
    const type = typeof resourceType === 'string' ? resourceType : '';
    if (named.type !== undefined && type !== named.type) throw mismatch(named.type, 'resourceType');
    if (named.id !== undefined && id !== named.id) throw mismatch(named.type ?? 'Resource', 'id');
    // kept as a record it would be taken for one that is enforced
    if (type === 'Consent')
      throw problem('fhir.unsupported', { where: 'Consent', detail: 'consents are recorded by the access role' });
    const version = this.hashes.version(feed, type, String(id), versionOf(meta) ?? this.hashes.content(bytes));
    return this.steps.read.resource(type, bytes, { feed, zone, onConflict: 'keep', version });
  }
}

/** A server that was set back counts its versions again, at other times. */
function versionOf(meta: unknown): string | undefined {
  if (typeof meta !== 'object' || meta === null) return undefined;
  const { versionId, lastUpdated } = meta as { versionId?: unknown; lastUpdated?: unknown };
  return typeof versionId === 'string' ? JSON.stringify([versionId, String(lastUpdated)]) : undefined;
}

const mismatch = (type: string, member: string): Problem =>
  problem('fhir.invalid', { where: `${type}.${member}`, detail: 'not what its address names' });
