import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { BusMessage } from '@medshare/bus';
import { decode } from '@medshare/events';
import { Inbox, isTransient } from '@medshare/outbox';
import { asProblem } from '@medshare/problems';
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
  async noticed(@Payload() message: BusMessage) {
    const failure = await this.approve(message).catch((caught: unknown) => asProblem(caught));
    if (failure && isTransient(failure)) throw failure;
    await this.inbox.consume(message, () => (failure ? Promise.reject(failure) : Promise.resolve()));
  }

  private async approve(message: BusMessage): Promise<void> {
    await this.approvals.byService(decode('request.noticed', message).requestId);
  }
}
