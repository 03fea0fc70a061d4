import type { DynamicModule } from '@nestjs/common';
import { Inbox } from '@medshare/outbox';
import type { Ledger } from '@medshare/ledger';
import { ROLE_CONTEXT, type RoleContext } from '@medshare/role';
import { EventsConsumer } from './entry/events.consumer.js';
import { LedgerController } from './entry/ledger.controller.js';
import { MemberController, MEMBER } from './entry/member.controller.js';
import { FollowBlocks } from './follow-blocks.js';
import { LEDGER } from './ledger.token.js';
import { SignView } from './sign-view.js';
import { SubmitAnchors } from './submit-anchors.js';
import { SubmitEvidence } from './submit-evidence.js';
import { WatchAnchors } from './watch-anchors.js';
import type { Member } from '@medshare/ledger/embedded';

export interface LedgerSettings {
  ledger: Ledger;
  /** This institution's peer of the embedded ledger; absent where a chain of its own carries the messages. */
  member?: Member;
}

/** The only role that talks to the chain. */
export class LedgerModule {
  static register(context: RoleContext, { ledger, member }: LedgerSettings): DynamicModule {
    const anchors = new SubmitAnchors(context, ledger);
    const provide = <T extends object>(instance: T) => ({ provide: instance.constructor, useValue: instance });
    return {
      module: LedgerModule,
      controllers: [LedgerController, EventsConsumer, ...(member ? [MemberController] : [])],
      providers: [
        { provide: ROLE_CONTEXT, useValue: context },
        { provide: LEDGER, useValue: ledger },
        { provide: MEMBER, useValue: member },
        { provide: Inbox, useValue: context.inbox },
        provide(new SignView(context, ledger)),
        provide(anchors),
        provide(new FollowBlocks(context, ledger)),
        provide(new SubmitEvidence(context, ledger)),
        provide(new WatchAnchors(context)),
      ],
    };
  }
}
