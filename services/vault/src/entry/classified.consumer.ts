import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { BusMessage } from '@medshare/bus';
import { decode } from '@medshare/events';
import { Inbox, othersFenced } from '@medshare/outbox';
import { faultPoint } from '@medshare/telemetry/fault-point';
import { DeliverLeaves } from '../deliver-leaves.js';
import { SealRecord } from '../seal-record.js';

/** What the vault hears on the bus. */
@Controller()
export class ClassifiedConsumer {
  constructor(
    private readonly inbox: Inbox,
    private readonly records: SealRecord,
    private readonly leaves: DeliverLeaves,
  ) {}

  @EventPattern('record.classified', { group: 'vault' })
  async classified(@Payload() message: BusMessage): Promise<void> {
    const value = decode('record.classified', message);
    await this.records.prepare(value);
    faultPoint('vault.entered');
    await this.inbox.consume(message, (tx) => this.records.seal(tx, value, othersFenced(message)));
    faultPoint('vault.done');
    this.leaves.wake();
  }
}
