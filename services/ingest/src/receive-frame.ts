import { answerBatch, isBatch, readBatch, type Batch } from '@medshare/hl7';
import { asProblem, type Problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { Step } from '@medshare/telemetry';
import type { Acknowledged, Origin, ReceiveHl7v2 } from './receive-hl7v2.js';

/** messages of one batch at most */
const maxMessages = 5_000;
/** messages of one batch that are worked on at one time */
const window = 256;

/** What answers a frame or a body: one acknowledgement a message, in their order. */
export interface FrameAnswer {
  readonly acknowledged: readonly Acknowledged[];
  /** the batch that they belong to; undefined for a message by itself, and for a batch that was refused as a whole */
  readonly batch: Batch | undefined;
}

/**
 * Takes what one frame or body holds: a message, or a batch of them (HL7 v2.5.1 section 2.10.3). A batch whose envelopes are wrong is
 * refused as a whole, before anything of it is taken: it may be half of what was sent.
 */
export class ReceiveFrame {
  constructor(
    private readonly context: Pick<RoleContext, 'clock' | 'random'>,
    private readonly messages: ReceiveHl7v2,
  ) {}

  async receive(bytes: Uint8Array, origin: Origin): Promise<FrameAnswer> {
    if (!isBatch(bytes)) return { acknowledged: [await this.messages.receive(bytes, origin)], batch: undefined };
    const batch = opened(bytes);
    const problems = 'parts' in batch ? batch.problems : [batch];
    if (problems.length > 0 || !('parts' in batch))
      return { acknowledged: [await this.messages.refuse(problems, bytes, origin.via)], batch: undefined };
    return {
      acknowledged: await this.each(
        batch.parts.flatMap(({ messages }) => messages),
        origin,
      ),
      batch,
    };
  }

  /** Answers what never became a message: a broken frame, one that is too large. */
  refuseFrame(problem: Problem): Promise<Acknowledged> {
    return this.messages.refuseFrame(problem);
  }

  /** The step in which an acknowledgement goes out. */
  beginAcknowledging(traceparent: string): Step {
    return this.messages.beginAcknowledging(traceparent);
  }

  /** A batch's acknowledgements in one body, wrapped as the batch was. */
  wrap(batch: Batch, acknowledged: readonly Acknowledged[]): Uint8Array {
    let next = 0;
    const acknowledgements = batch.parts.map(({ messages }) => {
      const own = acknowledged.slice(next, (next += messages.length));
      return own.flatMap(({ bytes }) => bytes ?? []);
    });
    const controlId = () => this.context.random.uuid().replaceAll('-', '').slice(0, 20);
    return answerBatch(batch, { acknowledgements, time: this.context.clock.now(), controlId });
  }

  private async each(messages: readonly Uint8Array[], origin: Origin): Promise<Acknowledged[]> {
    const all: Acknowledged[] = [];
    for (let at = 0; at < messages.length; at += window) {
      const some = messages.slice(at, at + window).map((bytes) => this.messages.receive(bytes, origin));
      all.push(...(await Promise.all(some)));
    }
    return all;
  }
}

function opened(bytes: Uint8Array): Batch | Problem {
  try {
    return readBatch(bytes, maxMessages);
  } catch (caught) {
    return asProblem(caught);
  }
}
