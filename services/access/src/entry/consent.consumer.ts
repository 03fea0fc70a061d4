import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { BusMessage } from '@medshare/bus';
import { decode } from '@medshare/events';
import { Inbox, isTransient } from '@medshare/outbox';
import { asProblem } from '@medshare/problems';
import { FollowConsent } from '../follow-consent.js';

/** What the access role tells itself of consents. */
@Controller()
export class ConsentConsumer {
  constructor(
    private readonly inbox: Inbox,
    private readonly following: FollowConsent,
  ) {}

  /** The effects are on the chain and idempotent there: they go first, so that no transaction waits for the network. */
  @EventPattern('consent.recorded', { group: 'access' })
  async recorded(@Payload() message: BusMessage) {
    const failure = await this.follow(message).catch((caught: unknown) => asProblem(caught));
    if (failure && isTransient(failure)) throw failure;
    await this.inbox.consume(message, () => (failure ? Promise.reject(failure) : Promise.resolve()));
  }

  private async follow(message: BusMessage): Promise<void> {
    await this.following.follow(decode('consent.recorded', message));
  }
}
