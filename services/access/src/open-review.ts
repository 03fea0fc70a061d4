import type { countersignAsk } from '@medshare/events';
import { problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { z } from 'zod';
import type { AlertPeople } from './alert-people.js';
import type { AccessStore } from './store/access-store.js';

/** The requester's side of a review: nobody's emergency leaves this institution before its own privacy officer will see it. */
export class OpenReview {
  constructor(
    private readonly context: RoleContext,
    private readonly store: AccessStore,
    private readonly people: AlertPeople,
  ) {}

  /** Harmless to repeat; an ask that is no emergency opens none. */
  async open({ ask, certificate, reason }: z.infer<typeof countersignAsk.request>): Promise<void> {
    if (!ask.emergency) return;
    if (!reason) throw problem('access.reason-missing', { where: 'reason' });
    const row = await this.people.review('requester', { askId: ask.askId, certificate, reason });
    await this.store.review.createMany({ data: [row], skipDuplicates: true });
    for (const fact of this.people.facts('review', [row])) await this.context.audit.record(fact);
  }
}
