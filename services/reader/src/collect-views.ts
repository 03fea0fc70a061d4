import { toBase64url } from '@medshare/crypto';
import { signRequestView, type RequestState, type View } from '@medshare/events';
import { checkViews, requestSubject } from '@medshare/ledger';
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
    const views = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value.view] : []));
    const failure = answers.find((answer) => answer.status === 'rejected');
    if (views.length < region.viewQuorum && failure) throw failure.reason as Problem;
    const { state } = checkViews(region, views, { now: clock.now(), nonce, subject: requestSubject(requestId) });
    return { views, state };
  }
}
