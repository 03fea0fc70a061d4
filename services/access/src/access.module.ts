import type { DynamicModule } from '@nestjs/common';
import { Inbox } from '@medshare/outbox';
import { ROLE_CONTEXT, type RoleContext } from '@medshare/role';
import { InstitutionPolicy } from './access-policy.js';
import { ApproveRequest } from './approve-request.js';
import { ChainState } from './chain-state.js';
import { CountersignAsk } from './countersign-ask.js';
import { DecideAsk } from './decide-ask.js';
import { ChainConsumer } from './entry/chain.consumer.js';
import { PeersController } from './entry/peers.controller.js';
import { StaffController } from './entry/staff.controller.js';
import { FollowChain } from './follow-chain.js';
import { IssueCertificate } from './issue-certificate.js';
import { ListApprovals } from './list-approvals.js';
import { NoticeRequest } from './notice-request.js';
import { ReadReceipt } from './read-receipt.js';
import { RevokeRequest } from './revoke-request.js';
import { openAccessStore } from './store/access-store.js';

/** Legal basis, policy, decisions, certificates, approvals, revocation. */
export class AccessModule {
  static register(context: RoleContext): DynamicModule {
    const store = openAccessStore(context.database, 'access');
    const chain = new ChainState(context);
    const policy = new InstitutionPolicy(context.policyFiles('.'), context.region, context.institution);
    const certificates = new IssueCertificate(context, store);
    const provide = <T extends object>(instance: T) => ({ provide: instance.constructor, useValue: instance });
    return {
      module: AccessModule,
      controllers: [PeersController, StaffController, ChainConsumer],
      providers: [
        { provide: ROLE_CONTEXT, useValue: context },
        provide(policy),
        provide(certificates),
        provide(new DecideAsk(context, policy, store)),
        provide(new CountersignAsk(context)),
        provide(new NoticeRequest(context, chain)),
        provide(new ApproveRequest(context, store, chain, policy, certificates)),
        provide(new ListApprovals(context, store, chain)),
        provide(new RevokeRequest(context, chain, certificates)),
        provide(new ReadReceipt(store)),
        provide(new FollowChain(context)),
        { provide: Inbox, useValue: context.inbox },
      ],
    };
  }
}
