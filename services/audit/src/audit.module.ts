import type { DynamicModule } from '@nestjs/common';
import { Inbox } from '@medshare/outbox';
import { ROLE_CONTEXT, type RoleContext } from '@medshare/role';
import { AppendEntries } from './append-entries.js';
import { IntakeController, RegulatorController } from './entry/audit.controller.js';
import { ListCheckpoints } from './list-checkpoints.js';
import { MakeCheckpoint } from './make-checkpoint.js';
import { ProveEntry } from './prove-entry.js';
import { SearchEntries } from './search-entries.js';
import { WatchCheckpoints } from './watch-checkpoints.js';

/** The institution's transparency log and what regulators read of it. */
export class AuditModule {
  static register(context: RoleContext): DynamicModule {
    const log = new AppendEntries(context);
    const checkpoints = new MakeCheckpoint(context);
    const provide = <T extends object>(instance: T) => ({ provide: instance.constructor, useValue: instance });
    return {
      module: AuditModule,
      controllers: [IntakeController, RegulatorController],
      providers: [
        { provide: ROLE_CONTEXT, useValue: context },
        { provide: Inbox, useValue: context.inbox },
        provide(log),
        provide(checkpoints),
        provide(new WatchCheckpoints(context)),
        provide(new ProveEntry(context, checkpoints)),
        provide(new SearchEntries(context)),
        provide(new ListCheckpoints(context, log)),
      ],
    };
  }
}
