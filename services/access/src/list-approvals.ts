import {
  request as requestShape,
  type EmergencyReason,
  type Grant,
  type PendingApproval,
  type Request,
} from '@medshare/events';
import type { Principal } from '@medshare/identity';
import type { RoleContext } from '@medshare/role';
import type { ChainState } from './chain-state.js';
import type { AccessStore } from './store/access-store.js';
import { unwrapJson } from './wrapped-json.js';

/** How long an expired request is still shown, ms. */
const shownAfterwards = 24 * 3_600_000;

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
      where: {
        state: { in: ['open', 'granted'] },
        leaves: { hasSome: [...mine] },
        // those that ended long ago do not push out what waits
        expiresAt: { gt: new Date(this.context.clock.now() - shownAfterwards) },
      },
      orderBy: { createdAt: 'desc' },
      take: 200,
      include: { approvals: { select: { leaf: true } } },
    });
    const states = await this.chain.requests(notices.map(({ requestId }) => requestId));
    const described = notices.map(async (notice) => {
      const { away } = notice;
      // what is approved without the chain is shown as it was brought
      const brought =
        away && notice.request ? { request: requestShape.parse(notice.request), grant: undefined } : undefined;
      const state = away ? brought : states.get(notice.requestId);
      const leaves = notice.leaves.filter((leaf) => mine.has(leaf));
      const emergency = await this.reasonOf(notice);
      return state ? leaves.map((leaf) => ({ ...this.describe(notice, leaf, state), ...emergency })) : [];
    });
    return (await Promise.all(described)).flat();
  }

  private async reasonOf({ requestId, reason }: { requestId: string; reason: Uint8Array | null }) {
    if (!reason) return {};
    const { code, text } = await unwrapJson<EmergencyReason>(this.context, reason, `notice/${requestId}`);
    return { emergency: { code, text } };
  }

  private describe(
    notice: { requestId: string; class: string; relation: string; away: boolean; approvals: { leaf: string }[] },
    leaf: string,
    { request, grant }: { request: Request; grant: Grant | undefined },
  ): PendingApproval {
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
      state: this.stateOf(leaf, request.expiresAt, grant, notice.away ? notice.approvals : []),
      ...(notice.away && { away: true }),
    };
  }

  private stateOf(
    leaf: string,
    expiresAt: number,
    grant: { state: string; leaves: string[] } | undefined,
    given: readonly { leaf: string }[],
  ): PendingApproval['state'] {
    if (grant?.state === 'revoked') return 'revoked';
    if (expiresAt <= this.context.clock.now()) return 'expired';
    if (grant?.leaves.includes(leaf) || given.some((one) => one.leaf === leaf)) return 'approved';
    return grant ? 'granted' : 'waiting';
  }
}
