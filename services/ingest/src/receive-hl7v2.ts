import { acknowledge, type AckCode, type Message } from '@medshare/hl7';
import { asProblem, type Problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { AcceptMessage } from './accept-message.js';
import type { IngestMetrics } from './ingest-metrics.js';
import type { ReadHl7v2 } from './read-hl7v2.js';
import type { RefuseMessage } from './refuse-message.js';

/** Original mode, HL7 v2.5.1 section 2.9.2. */
export interface Acknowledged {
  readonly code: Extract<AckCode, 'AA' | 'AE' | 'AR'>;
  /** the acknowledgement, not framed */
  readonly bytes: Uint8Array;
  readonly problems: readonly Problem[];
}

interface Steps {
  readonly read: ReadHl7v2;
  readonly accept: AcceptMessage;
  readonly refuse: RefuseMessage;
  readonly metrics: IngestMetrics;
}

/** Takes one HL7 v2 message from whatever carried it and answers with its acknowledgement. Never rejects. */
export class ReceiveHl7v2 {
  constructor(
    private readonly context: Pick<RoleContext, 'clock' | 'random' | 'logger'>,
    private readonly steps: Steps,
  ) {}

  async receive(bytes: Uint8Array, via: 'mllp' | 'http'): Promise<Acknowledged> {
    const began = this.context.clock.now();
    const { read, accept, metrics } = this.steps;
    const found = read.read(bytes);
    const feed = found.feed?.name;
    if (found.problems) return this.no(found.problems, { via, feed, bytes, message: found.message });
    try {
      const { duplicate } = await accept.accept(found.candidate);
      metrics.accepted(via, 'hl7v2', feed ?? '', duplicate);
      metrics.acknowledged(via, this.context.clock.now() - began);
      return { code: 'AA', bytes: this.write(found.message, 'AA', []), problems: [] };
    } catch (caught) {
      return this.no([asProblem(caught)], { via, feed, bytes, message: found.message });
    }
  }

  /** Answers what never became a message: a broken frame, one that is too large. */
  refuseFrame(problem: Problem): Promise<Acknowledged> {
    return this.no([problem], { via: 'mllp' });
  }

  private async no(
    problems: readonly Problem[],
    from: { via: 'mllp' | 'http'; feed?: string | undefined; bytes?: Uint8Array; message?: Message | undefined },
  ): Promise<Acknowledged> {
    for (const { code, cause } of problems)
      if (code === 'internal') this.context.logger.error({ code, err: cause }, 'a message could not be judged');
    await this.steps.refuse.refuse({ ...from, kind: 'hl7v2', problems });
    const code = problems.some(({ hl7 }) => hl7.ack === 'AR') ? 'AR' : 'AE';
    return { code, bytes: this.write(from.message, code, problems, from.bytes), problems };
  }

  private write(
    message: Message | undefined,
    code: Acknowledged['code'],
    problems: readonly Problem[],
    refused?: Uint8Array,
  ): Uint8Array {
    return acknowledge(message, {
      code,
      problems,
      time: this.context.clock.now(),
      // HL7 v2.5.1 section 2.15.9.10: 20 characters
      controlId: this.context.random.uuid().replaceAll('-', '').slice(0, 20),
      ...(message === undefined && refused !== undefined && { refused }),
    });
  }
}
