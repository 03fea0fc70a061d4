import { acknowledge, parseMessage } from '@medshare/hl7';
import { isProblemCode, problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { Feed } from './ingest.config.js';
import type { KeyedHashes } from './keyed-hashes.js';
import type { MapLimits } from './map-message.js';
import type { DueReply } from './store/replies.js';

/** An application acknowledgement as it goes out. */
export interface WrittenReply {
  readonly bytes: Uint8Array;
  /** its MSH-10, the same each time it is sent */
  readonly controlId: string;
}

/** Writes an application acknowledgement from the message that it answers: nothing of it is kept beside the sealed message. */
export class WriteReply {
  constructor(
    private readonly parts: Pick<RoleContext, 'transit'>,
    private readonly hashes: KeyedHashes,
    private readonly limits: MapLimits,
    private readonly feeds: readonly Feed[],
  ) {}

  /** @throws Problem storage.unavailable, blob.missing when the message is gone */
  async write(reply: DueReply, acceptAck: boolean): Promise<WrittenReply> {
    const { parts } = await this.parts.transit.get(reply.payload);
    const { maxBytes, defaultCharset } = this.limits;
    const message = parseMessage(parts[0] ?? new Uint8Array(), { bytes: maxBytes, defaultCharset });
    const controlId = this.hashes.uuid(reply.messageId, 'application-ack').replaceAll('-', '').slice(0, 20);
    const { code, problem: why, place } = reply;
    const known = isProblemCode(why) ? why : 'internal';
    const problems = why === null ? [] : [problem(known, { where: place ?? undefined })];
    const accept = acceptAck ? 'AL' : 'NE';
    const language = this.feeds.find(({ name }) => name === reply.feed)?.language;
    const answer = { code, problems, language, time: reply.settledAt, controlId, accept } as const;
    return { controlId, bytes: acknowledge(message, answer) };
  }
}
