import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { BusMessage } from '@medshare/bus';
import { decode } from '@medshare/events';
import { Inbox, othersFenced } from '@medshare/outbox';
import { faultPoint } from '@medshare/telemetry/fault-point';
import { ClassifyRecord } from '../classify-record.js';

/** What the classifier hears on the bus. */
@Controller()
export class ReceivedConsumer {
  constructor(
    private readonly inbox: Inbox,
    private readonly records: ClassifyRecord,
  ) {}

  @EventPattern('record.received', { group: 'classifier' })
  async received(@Payload() message: BusMessage): Promise<void> {
    faultPoint('classifier.entered');
    await this.inbox.consume(message, (tx) =>
      this.records.classify(tx, decode('record.received', message), othersFenced(message)),
    );
    faultPoint('classifier.done');
  }
}
