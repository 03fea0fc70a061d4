import { acknowledge, acknowledgementMode, isWanted, type AckCode, type AckMode, type Message } from '@medshare/hl7';
import { asProblem, type Problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import { beginStep, traced, type Step } from '@medshare/telemetry';
import type { AcceptMessage } from './accept-message.js';
import type { Candidate } from './candidate.js';
import type { Feed } from './ingest.config.js';
import type { IngestMetrics } from './ingest-metrics.js';
import type { ReadHl7v2 } from './read-hl7v2.js';
import type { RefuseMessage } from './refuse-message.js';

/** Original mode (HL7 v2.5.1 section 2.9.2), or the accept acknowledgement of the enhanced mode (section 2.9.3). */
export interface Acknowledged {
  readonly code: AckCode;
  /** the acknowledgement, not framed; undefined where the sender wants none */
  readonly bytes: Uint8Array | undefined;
  readonly problems: readonly Problem[];
  /** the trace that it began, for the step that sends it */
  readonly traceparent?: string | undefined;
}

/** How a message came. */
export interface Origin {
  readonly via: 'mllp' | 'http';
  /** the MLLP connection */
  readonly connection?: string;
  /** names of the client's certificate, where it has one */
  readonly client?: readonly string[] | undefined;
}

interface Steps {
  readonly read: ReadHl7v2;
  readonly accept: AcceptMessage;
  readonly refuse: RefuseMessage;
  readonly metrics: IngestMetrics;
}

interface Refused extends Pick<Origin, 'via'> {
  readonly feed?: Feed | undefined;
  readonly bytes?: Uint8Array;
  readonly message?: Message | undefined;
}

/** Takes one HL7 v2 message from whatever carried it and answers with its acknowledgement. Never rejects. */
export class ReceiveHl7v2 {
  constructor(
    private readonly context: Pick<RoleContext, 'institution' | 'clock' | 'random' | 'logger'>,
    private readonly steps: Steps,
  ) {}

  /** A step of the trace around it; without one, what comes begins a trace. */
  receive(bytes: Uint8Array, origin: Origin): Promise<Acknowledged> {
    const place = { institution: this.context.institution, role: 'ingest' };
    return traced('receive', place, { kind: 'server' }, async (step) => {
      const acknowledged = await this.judge(bytes, origin);
      step.set({ 'medshare.acknowledgement': acknowledged.code, 'error.type': acknowledged.problems[0]?.code });
      return { ...acknowledged, traceparent: step.traceparent };
    });
  }

  private async judge(bytes: Uint8Array, { via, connection, client }: Origin): Promise<Acknowledged> {
    const began = this.context.clock.now();
    const { read, accept, metrics } = this.steps;
    const found = read.read(bytes, client);
    const { feed } = found;
    if (found.problems) return this.no(found.problems, { via, feed, bytes, message: found.message });
    const mode = modeOf(feed, found.message);
    try {
      const { duplicate } = await accept.accept(wanting(found.candidate, mode, connection));
      metrics.accepted(via, 'hl7v2', found.feed?.name ?? '', duplicate);
      metrics.acknowledged(via, this.context.clock.now() - began);
      const code = mode.enhanced ? 'CA' : 'AA';
      const told = !mode.enhanced || isWanted(mode.accept, true);
      return { code, bytes: told ? this.write(found, code, []) : undefined, problems: [] };
    } catch (caught) {
      return this.no([asProblem(caught)], { via, feed, bytes, message: found.message });
    }
  }

  /** The step in which an acknowledgement goes out. */
  beginAcknowledging(traceparent: string): Step {
    const place = { institution: this.context.institution, role: 'ingest' };
    return beginStep('acknowledge', place, { kind: 'producer', parent: traceparent });
  }

  /** Answers what never became a message: a broken frame, one that is too large. */
  refuseFrame(problem: Problem): Promise<Acknowledged> {
    return this.no([problem], { via: 'mllp' });
  }

  /** Answers what holds messages and cannot be taken as it is: a batch. */
  refuse(problems: readonly Problem[], bytes: Uint8Array, via: Origin['via']): Promise<Acknowledged> {
    return this.no(problems, { via, bytes });
  }

  private async no(problems: readonly Problem[], from: Refused): Promise<Acknowledged> {
    for (const { code, cause } of problems)
      if (code === 'internal') this.context.logger.error({ code, err: cause }, 'a message could not be judged');
    await this.steps.refuse.refuse({ ...from, feed: from.feed?.name, kind: 'hl7v2', problems });
    const rejected = problems.some(({ hl7 }) => hl7.ack === 'AR');
    const { code, told } = refusal(modeOf(from.feed, from.message, from.bytes), rejected);
    return { code, bytes: told ? this.write(from, code, problems, from.bytes) : undefined, problems };
  }

  private write(
    { message, feed }: Pick<Refused, 'message' | 'feed'>,
    code: AckCode,
    problems: readonly Problem[],
    refused?: Uint8Array,
  ): Uint8Array {
    return acknowledge(message, {
      code,
      problems,
      language: feed?.language,
      time: this.context.clock.now(),
      // HL7 v2.5.1 section 2.15.9.10: 20 characters
      controlId: this.context.random.uuid().replaceAll('-', '').slice(0, 20),
      ...(message === undefined && refused !== undefined && { refused }),
    });
  }
}

/** As the sender asks, unless it was agreed with it that it means nothing by it. */
const modeOf = (feed: Feed | undefined, message: Message | undefined, bytes?: Uint8Array): AckMode =>
  feed?.acknowledgements === 'original' ? { enhanced: false } : acknowledgementMode(message, bytes);

function wanting(candidate: Candidate, mode: AckMode, connection: string | undefined): Candidate {
  if (!mode.enhanced || mode.application === 'NE') return candidate;
  const reply = { condition: mode.application, connection };
  return { ...candidate, reply, arrival: { ...candidate.arrival, reply: true } };
}

/**
 * What was not kept never reaches an application, so no later acknowledgement comes: who wants to hear of errors by that one only
 * (MSH-15 NE, MSH-16 AL or ER) is told at once.
 */
function refusal(mode: AckMode, rejected: boolean): { code: AckCode; told: boolean } {
  const original = rejected ? 'AR' : 'AE';
  if (!mode.enhanced) return { code: original, told: true };
  const code = rejected ? 'CR' : 'CE';
  if (isWanted(mode.accept, false)) return { code, told: true };
  return isWanted(mode.application, false) ? { code: original, told: true } : { code, told: false };
}
