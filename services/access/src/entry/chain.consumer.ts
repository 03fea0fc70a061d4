import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { BusMessage } from '@medshare/bus';
import { decode } from '@medshare/events';
import { Inbox, isTransient } from '@medshare/outbox';
import { asProblem, type Problem } from '@medshare/problems';
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

  /** The effect is on the chain and idempotent there: it goes first, so that no transaction waits for the network. */
  @EventPattern('request.noticed', { group: 'access' })
  noticed(@Payload() message: BusMessage) {
    return this.approve('request.noticed', message);
  }

  /** The effect is a kept approval, idempotent, too. */
  @EventPattern('emergency.noticed', { group: 'access' })
  emergency(@Payload() message: BusMessage) {
    return this.approve('emergency.noticed', message);
  }

  private async approve(topic: 'request.noticed' | 'emergency.noticed', message: BusMessage): Promise<void> {
    let failure: Problem | undefined;
    try {
      await this.approvals.byService(decode(topic, message).requestId);
    } catch (caught) {
      failure = asProblem(caught);
      if (isTransient(failure)) throw failure;
    }
    await this.inbox.consume(message, () => (failure ? Promise.reject(failure) : Promise.resolve()));
  }
}
