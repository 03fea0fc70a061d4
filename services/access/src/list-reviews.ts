import type { Review, ReviewFilter, ReviewOutcome } from '@medshare/events';
import type { Principal } from '@medshare/identity';
import type { RoleContext } from '@medshare/role';
import type { ReviewSecrets } from './alert-people.js';
import type { IssueCertificate } from './issue-certificate.js';
import type { AccessStore } from './store/access-store.js';
import { unwrapJson } from './wrapped-json.js';

/** Reviews of one answer. */
const most = 500;

/** Emergencies to be reviewed, the oldest first. */
export class ListReviews {
  constructor(
    private readonly context: RoleContext,
    private readonly store: AccessStore,
    private readonly certificates: IssueCertificate,
  ) {}

  async list(principal: Principal, filter: ReviewFilter): Promise<Review[]> {
    const now = new Date(this.context.clock.now());
    const rows = await this.store.review.findMany({
      where: {
        ...(filter === 'due' && { state: { not: 'closed' } }),
        ...(filter === 'overdue' && { state: { not: 'closed' }, dueAt: { lte: now } }),
        ...(['open', 'follow-up', 'closed'].includes(filter) && { state: filter }),
      },
      include: { outcomes: { orderBy: { sequence: 'asc' } } },
      orderBy: { openedAt: 'asc' },
      take: most,
    });
    await this.context.audit.record({
      action: 'review.read',
      outcome: 'success',
      agent: { person: this.certificates.pseudonym(principal.username), roles: [...principal.roles] },
      entities: [{ kind: 'reviews', id: filter }],
    });
    return Promise.all(rows.map((row) => this.describe(row, now)));
  }

  /** How many wait, and how many have waited too long. */
  async backlog(): Promise<{ waiting: number; overdue: number }> {
    const state = { not: 'closed' };
    const [waiting, overdue] = await Promise.all([
      this.store.review.count({ where: { state } }),
      this.store.review.count({ where: { state, dueAt: { lte: new Date(this.context.clock.now()) } } }),
    ]);
    return { waiting, overdue };
  }

  private async describe(row: Row, now: Date): Promise<Review> {
    const { owner, ...secrets } = await unwrapJson<ReviewSecrets>(this.context, row.sealed, `review/${row.id}`);
    const outcomes = row.outcomes.map(async ({ outcome, person, at, sealed, sequence }) => ({
      outcome: outcome as ReviewOutcome,
      reason: await unwrapJson<string>(this.context, sealed, `review/${row.id}/${sequence}`),
      by: person,
      at: at.getTime(),
    }));
    return {
      reviewId: row.id,
      side: row.side as Review['side'],
      askId: row.askId,
      ...secrets,
      ...(owner && { owner }),
      openedAt: row.openedAt.getTime(),
      dueAt: row.dueAt.getTime(),
      overdue: row.state !== 'closed' && row.dueAt <= now,
      state: row.state as Review['state'],
      outcomes: await Promise.all(outcomes),
    };
  }
}

interface Row {
  id: string;
  side: string;
  askId: string;
  openedAt: Date;
  dueAt: Date;
  state: string;
  sealed: Uint8Array;
  outcomes: { outcome: string; person: string; at: Date; sealed: Uint8Array; sequence: number }[];
}
