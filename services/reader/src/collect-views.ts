import { toBase64url } from '@medshare/crypto';
import { signRequestView, type RequestState, type View } from '@medshare/events';
import { checkViews, requestSubject, type ViewRules } from '@medshare/ledger';
import { asProblem, type Problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';

export interface AgreedViews {
  views: View[];
  state: RequestState;
}

/** How often views are collected anew while members' copies of the chain still differ, and the pause between, ms. */
const attempts = 10;
const pause = 200;

/** Asks the region's ledgers for their signed view of a request until a quorum says the same. */
export class CollectViews {
  constructor(private readonly context: RoleContext) {}

  /** @throws Problem view.invalid, view.stale or peer.unavailable when no quorum agrees */
  async collect(requestId: string): Promise<AgreedViews> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.once(requestId);
      } catch (caught) {
        if (attempt >= attempts) throw asProblem(caught);
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  private async once(requestId: string): Promise<AgreedViews> {
    const { region, peers, random, clock } = this.context;
    const nonce = toBase64url(random.bytes(16));
    const answers = await Promise.allSettled(
      region.members.map(({ id }) => peers.call(signRequestView, id, { requestId, nonce })),
    );
    const rules = { now: clock.now(), nonce, subject: requestSubject(requestId) };
    const faults: Problem[] = [];
    const views = answers.flatMap((answer, index) => {
      const fault = answer.status === 'rejected' ? asProblem(answer.reason) : this.faultOf(answer.value.view, rules);
      if (answer.status === 'fulfilled' && !fault) return [answer.value.view];
      if (fault) faults.push(fault);
      this.context.logger.warn({ member: region.members[index]?.id, code: fault?.code, requestId }, 'no view');
      return [];
    });
    if (views.length < region.viewQuorum && faults[0]) throw faults[0];
    const { state } = checkViews(region, views, rules);
    return { views, state };
  }

  /** One member that lies is named and left out: it must not keep a quorum of others from being heard. */
  private faultOf(view: View, rules: ViewRules): Problem | undefined {
    try {
      checkViews(this.context.region, [view], { ...rules, quorum: 1 });
      return undefined;
    } catch (caught) {
      return asProblem(caught);
    }
  }
}
