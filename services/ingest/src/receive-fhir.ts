import { asProblem, problem, toOperationOutcome, type Problem } from '@medshare/problems';
import type { Principal } from '@medshare/identity';
import type { RoleContext } from '@medshare/role';
import type { AcceptMessage } from './accept-message.js';
import type { Accepted, Candidate } from './candidate.js';
import type { Feed } from './ingest.config.js';
import type { IngestMetrics } from './ingest-metrics.js';
import type { KeyedHashes } from './keyed-hashes.js';
import { recordIdOf } from './map-message.js';
import { Refused, type BatchEntry, type FhirSource, type ReadFhir } from './read-fhir.js';
import type { RefuseMessage } from './refuse-message.js';

interface Steps {
  readonly read: ReadFhir;
  readonly accept: AcceptMessage;
  readonly refuse: RefuseMessage;
  readonly metrics: IngestMetrics;
}

/** A response Bundle, R4 http://hl7.org/fhir/R4/http.html#trules */
export interface ResponseBundle {
  readonly resourceType: 'Bundle';
  readonly type: 'transaction-response' | 'batch-response';
  readonly entry: readonly { readonly response: object }[];
}

/** Takes FHIR R4 from an authenticated feed. What is answered 201 is durable. Refusals are recorded and thrown. */
export class ReceiveFhir {
  constructor(
    private readonly context: Pick<RoleContext, 'clock'>,
    private readonly steps: Steps,
    private readonly hashes: KeyedHashes,
    private readonly feeds: readonly Feed[],
  ) {}

  /** `POST /fhir`: a transaction is one record; each entry of a batch is one. @throws Refused */
  async interaction(bytes: Uint8Array, user: Principal, requestId: string | undefined): Promise<ResponseBundle> {
    const source = this.sourceOf(user, requestId);
    return this.guarded(source, bytes, async () => {
      const read = this.steps.read.interaction(bytes, source);
      if (read.kind === 'transaction') {
        const { location } = await this.accept(read.candidate);
        const entry = Array.from({ length: read.entries }, () => ({ response: created(location) }));
        return { resourceType: 'Bundle', type: 'transaction-response', entry };
      }
      const entry = await Promise.all(read.entries.map((each) => this.batchEntry(each, source)));
      return { resourceType: 'Bundle', type: 'batch-response', entry };
    });
  }

  /** `POST /fhir/{type}` @returns where it stands @throws Refused */
  resource(type: string, bytes: Uint8Array, user: Principal, requestId: string | undefined): Promise<string> {
    const source = this.sourceOf(user, requestId);
    return this.guarded(source, bytes, async () => {
      const candidate = this.steps.read.resource(type, bytes, source);
      return (await this.accept(candidate, type)).location;
    });
  }

  /** `POST /fhir/$process-message` @throws Refused */
  async message(bytes: Uint8Array, user: Principal, requestId: string | undefined): Promise<void> {
    const source = this.sourceOf(user, requestId);
    await this.guarded(source, bytes, () => this.accept(this.steps.read.message(bytes, source)));
  }

  /** A body that could not be read is a refusal like any other. */
  async refuseBody(why: Problem, user: Principal): Promise<never> {
    return this.guarded(this.sourceOf(user, undefined), undefined, () => Promise.reject(why));
  }

  /** A feed of the caller's own name, else the feed for all; a token of role `feed` suffices, for FHIR's times carry their offsets. */
  sourceOf({ subject, clientId, username }: Principal, requestId: string | undefined): FhirSource {
    const feed = this.feeds.find(({ name }) => name === clientId || name === username);
    if (requestId !== undefined && !/^[\x21-\x7e]{1,200}$/.test(requestId))
      throw problem('request.malformed', { where: 'header.x-request-id' });
    return {
      feed: feed?.name ?? 'fhir',
      zone: feed?.zone ?? 'UTC',
      onConflict: feed?.onConflict ?? 'refuse',
      ...(requestId !== undefined && { request: [subject, requestId] as const }),
    };
  }

  private async batchEntry(entry: BatchEntry, source: FhirSource): Promise<{ response: object }> {
    try {
      if (!('kind' in entry)) throw new Refused(entry as Refused['problems']);
      return { response: created((await this.accept(entry)).location) };
    } catch (caught) {
      const problems = problemsOf(caught);
      const bytes = 'kind' in entry ? entry.parts[1] : undefined;
      await this.steps.refuse.refuse({ via: 'http', kind: 'fhir', feed: source.feed, bytes, problems });
      return { response: { status: String(problems[0].status), outcome: toOperationOutcome(problems) } };
    }
  }

  private async accept(candidate: Candidate, type = 'Bundle'): Promise<Accepted & { location: string }> {
    const began = this.context.clock.now();
    const accepted = await this.steps.accept.accept(candidate);
    this.steps.metrics.accepted('http', 'fhir', candidate.arrival.feed, accepted.duplicate);
    this.steps.metrics.acknowledged('http', this.context.clock.now() - began);
    return { ...accepted, location: `${type}/${recordIdOf(this.hashes, accepted.messageId)}` };
  }

  private async guarded<T>(source: FhirSource, bytes: Uint8Array | undefined, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (caught) {
      const problems = problemsOf(caught);
      await this.steps.refuse.refuse({ via: 'http', kind: 'fhir', feed: source.feed, bytes, problems });
      throw new Refused(problems);
    }
  }
}

const created = (location: string) => ({ status: '201 Created', location });

const problemsOf = (caught: unknown): Refused['problems'] =>
  caught instanceof Refused ? caught.problems : [asProblem(caught)];
