import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { BusMessage } from '@medshare/bus';
import { decode } from '@medshare/events';
import { Inbox } from '@medshare/outbox';
import { ApproveRequest } from '../approve-request.js';
import { FollowChain } from '../follow-chain.js';

/** What the access role hears on the bus. */
@Controller()
export class ChainConsumer {
  constructor(
    private readonly inbox: Inbox,
    private readonly chain: FollowChain,
    private readonly approvals: ApproveRequest,
  ) {}

  @EventPattern('chain.changed', { group: 'access' })
  changed(@Payload() message: BusMessage) {
    return this.inbox.consume(message, (tx) => this.chain.apply(tx, decode('chain.changed', message)));
  }

  /** The effect is on the chain and idempotent there; the inbox row follows it. */
  @EventPattern('request.noticed', { group: 'access' })
  noticed(@Payload() message: BusMessage) {
    return this.inbox.consume(message, () => this.approvals.byService(decode('request.noticed', message).requestId));
  }
}
