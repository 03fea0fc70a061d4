import type { reviewBody } from '@medshare/events';
import type { Principal } from '@medshare/identity';
import { problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { z } from 'zod';
import type { ReviewSecrets } from './alert-people.js';
import type { IssueCertificate } from './issue-certificate.js';
import type { AccessStore } from './store/access-store.js';
import { unwrapJson, wrapJson } from './wrapped-json.js';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Outcomes of one review. */
const most = 100;

/** A privacy officer says whether breaking the glass was right. What was said stays; a follow-up keeps the review open. */
export class CloseReview {
  constructor(
    private readonly context: RoleContext,
    private readonly store: AccessStore,
    private readonly certificates: IssueCertificate,
  ) {}

  /** @throws Problem request.not-found, request.conflict for a closed review, access.self-approval for one's own emergency */
  async close(principal: Principal, id: string, { outcome, reason }: z.infer<typeof reviewBody>): Promise<string> {
    const found = uuid.test(id) ? await this.store.review.findUnique({ where: { id } }) : null;
    if (!found) throw problem('request.not-found', { where: 'path.reviewId' });
    const person = this.certificates.pseudonym(principal.username);
    const { requester } = await unwrapJson<ReviewSecrets>(this.context, found.sealed, `review/${id}`);
    if (requester.institution === this.context.institution && requester.person === person)
      throw problem('access.self-approval', { where: 'reviewId', detail: 'nobody reviews an emergency of their own' });
    const state = outcome === 'needs-follow-up' ? 'follow-up' : 'closed';
    await this.record(id, { outcome, reason, person, state });
    await this.context.audit.record({
      action: 'review.closed',
      outcome: 'success',
      agent: { person, roles: [...principal.roles] },
      entities: [
        { kind: 'review', id },
        { kind: 'ask', id: found.askId },
        { kind: 'outcome', id: outcome },
      ],
    });
    return state;
  }

  private async record(
    id: string,
    { outcome, reason, person, state }: { outcome: string; reason: string; person: string; state: string },
  ): Promise<void> {
    const at = new Date(this.context.clock.now());
    await this.store.$transaction(async (tx) => {
      // of two reviewers at once the second sees what the first said
      const { count } = await tx.review.updateMany({ where: { id, state: { not: 'closed' } }, data: { state } });
      if (count === 0) throw problem('request.conflict', { where: 'reviewId', detail: 'the review is closed' });
      const sequence = await tx.reviewOutcome.count({ where: { reviewId: id } });
      if (sequence >= most) throw problem('request.too-large', { where: 'reviewId', detail: `${most} outcomes` });
      const sealed = await wrapJson(this.context, reason, `review/${id}/${sequence}`);
      await tx.reviewOutcome.create({ data: { reviewId: id, sequence, outcome, person, at, sealed } });
    });
  }
}
