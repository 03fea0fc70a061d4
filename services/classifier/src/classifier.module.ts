import type { DynamicModule } from '@nestjs/common';
import { Inbox } from '@medshare/outbox';
import { ROLE_CONTEXT, type RoleContext } from '@medshare/role';
import { loadLabelPolicy } from '@medshare/sensitivity';
import { ClassifyRecord } from './classify-record.js';
import { ReceivedConsumer } from './entry/received.consumer.js';

/** Says what in a record is sensitive, and why. */
export class ClassifierModule {
  static register(context: RoleContext): DynamicModule {
    const policy = loadLabelPolicy(context.policyFiles('labels'));
    return {
      module: ClassifierModule,
      controllers: [ReceivedConsumer],
      providers: [
        { provide: ROLE_CONTEXT, useValue: context },
        { provide: Inbox, useValue: context.inbox },
        { provide: ClassifyRecord, useValue: new ClassifyRecord(context, policy) },
      ],
    };
  }
}
