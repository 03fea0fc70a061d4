import type { PendingApproval } from '@medshare/events';
import type { Principal } from '@medshare/identity';
import { isProblem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { ChainState } from './chain-state.js';
import type { AccessStore } from './store/access-store.js';

/** What waits for the decision of the caller's roles, the newest first; at most 200. */
export class ListApprovals {
  constructor(
    private readonly context: RoleContext,
    private readonly store: AccessStore,
    private readonly chain: ChainState,
  ) {}

  async list(principal: Principal): Promise<PendingApproval[]> {
    const mine = new Set(principal.roles.map((role) => `${role}@${this.context.institution}`));
    const notices = await this.store.notice.findMany({
      where: { state: { in: ['open', 'granted'] }, leaves: { hasSome: [...mine] } },
      orderBy: { createdAt: 'desc' },
      take: 200,
    });
    const rows = await Promise.all(
      notices.flatMap((notice) =>
        notice.leaves.filter((leaf) => mine.has(leaf)).map((leaf) => this.describe(notice, leaf)),
      ),
    );
    return rows.filter((row) => row !== undefined);
  }

  private async describe(
    notice: { requestId: string; class: string; relation: string },
    leaf: string,
  ): Promise<PendingApproval | undefined> {
    try {
      const { request, grant } = await this.chain.request(notice.requestId);
      const { certificate, institution } = request.requester;
      return {
        requestId: notice.requestId,
        requestHash: this.chain.hashOf(request),
        leaf,
        owner: request.institution,
        class: notice.class,
        purpose: request.ask.purpose,
        relation: notice.relation as PendingApproval['relation'],
        requester: { institution, person: certificate.person, roles: certificate.roles },
        issuedAt: request.issuedAt,
        expiresAt: request.expiresAt,
        state: this.stateOf(leaf, request.expiresAt, grant),
      };
    } catch (caught) {
      if (isProblem(caught) && caught.code === 'ledger.unavailable') return undefined;
      throw caught;
    }
  }

  private stateOf(
    leaf: string,
    expiresAt: number,
    grant: { state: string; leaves: string[] } | undefined,
  ): PendingApproval['state'] {
    if (grant?.state === 'revoked') return 'revoked';
    if (expiresAt <= this.context.clock.now()) return 'expired';
    if (grant?.leaves.includes(leaf)) return 'approved';
    return grant ? 'granted' : 'waiting';
  }
}
