import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { BusMessage } from '@medshare/bus';
import { decode } from '@medshare/events';
import type { Ledger } from '@medshare/ledger';
import { Inbox, isTransient } from '@medshare/outbox';
import { asProblem } from '@medshare/problems';
import { currentTraceparent } from '@medshare/telemetry';
import { faultPoint } from '@medshare/telemetry/fault-point';
import { LEDGER } from '../ledger.token.js';
import { enqueueAnchor } from '../store/anchors.js';
import { enqueueEvidence } from '../store/evidence.js';
import { SubmitAnchors } from '../submit-anchors.js';

/** What the ledger role hears on the bus. */
@Controller()
export class EventsConsumer {
  constructor(
    private readonly inbox: Inbox,
    private readonly anchors: SubmitAnchors,
    @Inject(LEDGER) private readonly ledger: Ledger,
  ) {}

  @EventPattern('record.sealed', { group: 'ledger' })
  async sealed(@Payload() message: BusMessage) {
    await this.inbox.consume(message, (tx) =>
      enqueueAnchor(tx, decode('record.sealed', message), currentTraceparent()),
    );
    faultPoint('ledger.enqueued');
    this.anchors.wake();
  }

  /** The effect is on the chain and idempotent there: it goes first, so that no transaction waits for the network. */
  @EventPattern('checkpoint.made', { group: 'ledger' })
  async checkpoint(@Payload() message: BusMessage) {
    const failure = await this.publish(message).catch((caught: unknown) => asProblem(caught));
    if (failure && isTransient(failure)) throw failure;
    await this.inbox.consume(message, () => (failure ? Promise.reject(failure) : Promise.resolve()));
  }

  @EventPattern('emergency.released', { group: 'ledger' })
  async released(@Payload() message: BusMessage) {
    await this.inbox.consume(message, (tx) => enqueueEvidence(tx, decode('emergency.released', message).evidence));
  }

  private async publish(message: BusMessage): Promise<void> {
    await this.ledger.submit('checkpoint', decode('checkpoint.made', message));
  }
}
