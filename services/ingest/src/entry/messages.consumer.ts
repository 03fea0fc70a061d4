import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { BusMessage } from '@medshare/bus';
import type { Ingest } from '../assemble-ingest.js';
import { INGEST } from '../ingest.tokens.js';

/** What ingest hears on the bus: its own accepted messages. */
@Controller()
export class MessagesConsumer {
  constructor(@Inject(INGEST) private readonly ingest: Ingest) {}

  @EventPattern('message.accepted', { group: 'ingest' })
  accepted(@Payload() message: BusMessage): Promise<void> {
    return this.ingest.consumeAccepted.consume(message);
  }
}
