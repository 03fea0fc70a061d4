import type { DynamicModule, OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { readEmergencyRules } from '@medshare/policy';
import { ROLE_CONTEXT, type RoleContext } from '@medshare/role';
import { CollectApprovals } from './collect-approvals.js';
import { CollectFragments } from './collect-fragments.js';
import { CollectViews } from './collect-views.js';
import { DraftAsk } from './draft-ask.js';
import { ReaderController } from './entry/reader.controller.js';
import { MakeAsk } from './make-ask.js';
import { OpenAsk } from './open-ask.js';
import { OpenSection } from './open-section.js';
import { StoreOpened } from './store-opened.js';
import { ProveGrant } from './prove-grant.js';
import { openReaderStore } from './store/reader-store.js';
import { StoredAsks } from './stored-ask.js';
import { SubmitRequest } from './submit-request.js';

/** How often expired sections and keys are erased, ms. */
const sweepEvery = 30_000;

/** Erases on time what expired. */
class Sweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly opened: StoreOpened,
    private readonly context: RoleContext,
  ) {}

  onApplicationBootstrap(): void {
    const sweep = () =>
      void this.opened.expire().catch(() => this.context.logger.warn({}, 'expired sections not erased, will retry'));
    this.timer = setInterval(sweep, sweepEvery).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }
}

/** Asks for access and opens what was granted, for this institution's clinicians and EHR. */
export class ReaderModule {
  static register(context: RoleContext): DynamicModule {
    const store = openReaderStore(context.database, 'reader');
    const asks = new StoredAsks(context, store);
    const approvals = new CollectApprovals(context);
    const requests = new SubmitRequest(context, store, asks, approvals);
    const opened = new StoreOpened(context, store);
    const opening = new OpenAsk(
      context,
      store,
      asks,
      new ProveGrant(context, new CollectViews(context), approvals, requests),
      new CollectFragments(context),
      new OpenSection(context),
      opened,
    );
    const legalBasis = context.policyFiles('legal-basis')[`${context.region.region}.yaml`] ?? '';
    const rules = readEmergencyRules(legalBasis);
    const provide = <T extends object>(instance: T) => ({ provide: instance.constructor, useValue: instance });
    return {
      module: ReaderModule,
      controllers: [ReaderController],
      providers: [
        { provide: ROLE_CONTEXT, useValue: context },
        provide(new DraftAsk(context, store, rules)),
        provide(new MakeAsk(context, store, asks, requests)),
        provide(opening),
        provide(opened),
        provide(new Sweeper(opened, context)),
      ],
    };
  }
}
