import { readAcknowledgement } from '@medshare/hl7';
import { MllpClient, type MllpAddress } from '@medshare/mllp';
import { backoffOf, Rounds } from '@medshare/outbox';
import { asProblem, isProblem, problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { Feed, ReplyAddress } from './ingest.config.js';
import type { IngestMetrics } from './ingest-metrics.js';
import type { OpenChannels } from './open-channels.js';
import { readClientTls } from './read-tls.js';
import { countReplies, noteDelivered, notePutOff, takeDue, type DueReply } from './store/replies.js';
import type { WriteReply } from './write-reply.js';

type Parts = Pick<RoleContext, 'database' | 'clock' | 'logger'>;

interface Steps {
  readonly write: WriteReply;
  readonly channels: OpenChannels;
  readonly feeds: readonly Feed[];
  readonly metrics: IngestMetrics;
}

/** Longest wait before due acknowledgements are looked for without being told, ms. */
const idle = 1_000;
/** Wait before the next delivery, doubled up to the limit, ms. */
const backoff = { first: 1_000, limit: 600_000 };
/** Deliveries at the same time. */
const batch = 32;
/** For how long a process has an acknowledgement to itself: longer than a delivery can take, ms. */
const leaseMs = 120_000;
/** How long the process that has the sender's connection goes first, ms. */
const graceMs = 2_000;

/**
 * Brings application acknowledgements (HL7 v2.5.1 section 2.9.3) to their senders: on the connection that the message came on while it is
 * open, else to the feed's address. Tried for a day with growing pauses; then given up, visibly. At least once: a sender knows a repeated
 * one by its MSH-10.
 */
export class DeliverReplies {
  private readonly rounds = new Rounds({
    round: () => this.deliverDue(),
    failed: (caught) =>
      this.parts.logger.warn({ code: asProblem(caught).code }, 'acknowledgements not delivered, will retry'),
    idle,
  });

  constructor(
    private readonly parts: Parts,
    private readonly steps: Steps,
  ) {}

  start(): void {
    this.rounds.start();
  }

  stop(): Promise<void> {
    return this.rounds.stop();
  }

  /** Tells that something may be due. */
  wake(): void {
    this.rounds.wake();
  }

  /** One round. @returns how many were due */
  async deliverDue(): Promise<number> {
    const { database, clock } = this.parts;
    const { channels, metrics } = this.steps;
    const due = await takeDue(database, { now: clock.now(), leaseMs, graceMs, open: channels.ids, limit: batch });
    await Promise.all(due.map((one) => this.deliver(one)));
    metrics.replies(await countReplies(database));
    return due.length;
  }

  private async deliver(reply: DueReply): Promise<void> {
    const { database, clock, logger } = this.parts;
    const { messageId: id, feed, attempts, giveUpAt } = reply;
    try {
      const way = await this.send(reply);
      await noteDelivered(database, id, clock.now());
      this.steps.metrics.replied(way);
    } catch (caught) {
      const { code } = asProblem(caught);
      const nextAt = clock.now() + backoffOf(backoff, attempts);
      const given = nextAt > giveUpAt;
      await notePutOff(database, id, code, given ? undefined : nextAt).catch(() => undefined);
      const text = given ? 'an application acknowledgement was given up' : 'an application acknowledgement is put off';
      logger.warn({ id, feed, code, attempt: attempts }, text);
    }
  }

  private async send(reply: DueReply): Promise<'connection' | 'address'> {
    const { channels, feeds, write } = this.steps;
    const address = feeds.find(({ name }) => name === reply.feed)?.applicationAck;
    const acceptAck = address?.acceptAck ?? false;
    const channel = reply.connection === null ? undefined : channels.get(reply.connection);
    if (!channel && !address)
      throw problem('peer.unavailable', { where: reply.feed, detail: 'no connection, no address' });
    const { bytes, controlId } = await write.write(reply, acceptAck);
    if (channel) {
      const sent = channel.send(bytes, acceptAck ? controlId : undefined);
      // a connection that went meanwhile: the address is the way
      const gone = await sent.then(
        () => false,
        (caught: unknown) => {
          if (address && isProblem(caught) && caught.code === 'peer.unavailable') return true;
          throw caught;
        },
      );
      if (!gone) return 'connection';
    }
    await sendTo(address as ReplyAddress, bytes, controlId);
    return 'address';
  }
}

async function sendTo(address: ReplyAddress, bytes: Uint8Array, controlId: string): Promise<void> {
  const { host, port, tls, acceptAck } = address;
  const to: MllpAddress = { host, port, ...(tls && { tls: await readClientTls(tls) }) };
  const client = await MllpClient.open(to);
  try {
    if (!acceptAck) return await client.tell(bytes);
    checkAccepted(await client.send(bytes), controlId);
  } finally {
    client.close();
  }
}

/** @throws Problem peer.refused */
function checkAccepted(answer: Uint8Array, controlId: string): void {
  const read = readAcknowledgement(answer);
  if (read?.controlId === controlId && (read.code === 'CA' || read.code === 'AA')) return;
  throw problem('peer.refused', { detail: read ? `answered ${read.code}` : 'answered with something else' });
}
