import type { DynamicModule } from '@nestjs/common';
import { Inbox } from '@medshare/outbox';
import { ROLE_CONTEXT, type RoleContext } from '@medshare/role';
import { InstitutionPolicy } from './access-policy.js';
import { AlertPeople } from './alert-people.js';
import { ApproveAway } from './approve-away.js';
import { ApproveRequest } from './approve-request.js';
import { ChainState } from './chain-state.js';
import { ArchivePolicy } from './archive-policy.js';
import { ChainConsumer } from './entry/chain.consumer.js';
import { CloseReview } from './close-review.js';
import { ConsentConsumer } from './entry/consent.consumer.js';
import { ConsentController } from './entry/consent.controller.js';
import { CountersignAsk } from './countersign-ask.js';
import { DecideAsk } from './decide-ask.js';
import { EmergencyController } from './entry/emergency.controller.js';
import { PeersController } from './entry/peers.controller.js';
import { StaffController } from './entry/staff.controller.js';
import { FollowChain } from './follow-chain.js';
import { FollowConsent } from './follow-consent.js';
import { GiveReplayMaterial } from './replay-material.js';
import { KeepConsents } from './keep-consents.js';
import { ReadConsents } from './read-consents.js';
import { RecordConsent } from './record-consent.js';
import { TellWhatWouldSee } from './tell-what-would-see.js';
import { WithdrawCovered } from './withdraw-covered.js';
import { IssueCertificate } from './issue-certificate.js';
import { ListApprovals } from './list-approvals.js';
import { ListNotifications } from './list-notifications.js';
import { ListReviews } from './list-reviews.js';
import { NoticeRequest } from './notice-request.js';
import { OpenReview } from './open-review.js';
import { ReadReceipt } from './read-receipt.js';
import { RevokeRequest } from './revoke-request.js';
import { openAccessStore } from './store/access-store.js';
import { WatchReviews } from './watch-reviews.js';

/** Legal basis, policy, decisions, certificates, approvals, revocation. */
export class AccessModule {
  static register(context: RoleContext): DynamicModule {
    const store = openAccessStore(context.database, 'access');
    const chain = new ChainState(context);
    const policy = new InstitutionPolicy(context.policyFiles('.'), context.region, context.institution);
    const certificates = new IssueCertificate(context, store);
    const consents = new KeepConsents(context);
    const archive = new ArchivePolicy(context, policy);
    const receipts = new ReadReceipt(store);
    const people = new AlertPeople(context, policy.emergency);
    const away = new ApproveAway(context, store, policy, certificates);
    const reviews = new ListReviews(context, store, certificates);
    const provide = <T extends object>(instance: T) => ({ provide: instance.constructor, useValue: instance });
    return {
      module: AccessModule,
      controllers: [
        PeersController,
        StaffController,
        EmergencyController,
        ConsentController,
        ChainConsumer,
        ConsentConsumer,
      ],
      providers: [
        { provide: ROLE_CONTEXT, useValue: context },
        provide(policy),
        provide(certificates),
        provide(new DecideAsk(context, policy, store, people, consents)),
        provide(archive),
        provide(new RecordConsent(context, consents, certificates)),
        provide(new ReadConsents(context, consents, certificates)),
        provide(new FollowConsent(context, chain, new WithdrawCovered(context, chain, policy, certificates, consents))),
        provide(new GiveReplayMaterial(context, store, receipts, archive, consents, certificates)),
        provide(new TellWhatWouldSee(context, policy, consents, certificates)),
        provide(new CountersignAsk(context)),
        provide(new NoticeRequest(context, chain, policy.emergency)),
        provide(new ApproveRequest(context, store, chain, policy, certificates, away)),
        provide(new ListApprovals(context, store, chain)),
        provide(new RevokeRequest(context, chain, certificates)),
        provide(receipts),
        provide(new FollowChain(context)),
        provide(away),
        provide(new OpenReview(context, store, people)),
        provide(reviews),
        provide(new CloseReview(context, store, certificates)),
        provide(new WatchReviews(context, reviews)),
        provide(new ListNotifications(context, store, certificates)),
        { provide: Inbox, useValue: context.inbox },
      ],
    };
  }
}
