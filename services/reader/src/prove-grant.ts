import { canonical, type Deal } from '@medshare/crypto';
import {
  releaseEmergency,
  releaseFragments,
  type AnchoredCapsule,
  type Grant,
  type releaseFragments as Release,
  type Request,
} from '@medshare/events';
import { problem, type Problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { z } from 'zod';
import type { CollectApprovals } from './collect-approvals.js';
import type { CollectViews } from './collect-views.js';
import type { RequestRow } from './store/reader-store.js';
import { receiptOf, type SubmitRequest } from './submit-request.js';

/** A complete grant with what proves it to a custodian. */
export interface Granted {
  request: Request;
  /** The leaves that approved. */
  leaves: readonly string[];
  deal: Deal;
  salt: string;
  readerKey: Uint8Array;
  /** Asks one leaf's custodian for fragments. */
  ask: (institution: string, leaf: string, capsules: AnchoredCapsule[]) => Promise<z.infer<typeof Release.response>>;
}

/** Shows custodians that a request was granted: by the region's views of the chain, or by signed approvals while the chain is away. */
export class ProveGrant {
  constructor(
    private readonly context: RoleContext,
    private readonly views: CollectViews,
    private readonly approvals: CollectApprovals,
    private readonly requests: SubmitRequest,
  ) {}

  /** @param answer the ask's, with the owner's permits. @throws Problem access.incomplete, access.revoked, access.expired, view.* */
  async of(row: RequestRow, readerKey: Uint8Array, answer: unknown): Promise<Granted> {
    if (!(await this.grantOf(row)) && (await this.requests.isAway(row)))
      return this.byApprovals(row, readerKey, answer);
    return this.byViews(row, readerKey);
  }

  /**
   * Whether an emergency that the chain granted may be proven by approvals instead, since a holder whom the grant needs went away with the
   * chain: no other can be added to the grant there. Holders are told so.
   */
  async mayGoWithoutChain(row: RequestRow, { code }: Problem): Promise<boolean> {
    if (code !== 'peer.unavailable' && code !== 'request.timeout') return false;
    return (await this.grantOf(row))?.state === 'active' && this.requests.isAway(row);
  }

  private async grantOf({ id }: RequestRow): Promise<Grant | undefined> {
    return (await this.requests.grants([id])).get(id);
  }

  private async byViews(row: RequestRow, readerKey: Uint8Array): Promise<Granted> {
    const { views, state } = await this.views.collect(row.id);
    const { request, grant } = state;
    if (!request || canonical(request as never) !== canonical(row.body as never))
      throw problem('view.invalid', { where: row.id, detail: 'another request' });
    if (!grant) throw problem('access.incomplete', { where: row.id });
    if (grant.state === 'revoked') throw problem('access.revoked', { where: row.id });
    this.checkLife(request);
    const common = this.common(row, readerKey);
    const { salt, deal } = common;
    return {
      ...common,
      leaves: grant.leaves,
      ask: (institution, leaf, capsules) => {
        const body = { requestId: row.id, leaf, dealId: deal.id, salt, views, capsules };
        return this.context.peers.call(releaseFragments, institution, body);
      },
    };
  }

  /** @throws Problem access.incomplete, access.expired, access.denied */
  async byApprovals(row: RequestRow, readerKey: Uint8Array, answer: unknown): Promise<Granted> {
    const common = this.common(row, readerKey);
    const { request, deal, salt } = common;
    this.checkLife(request);
    const approvals = await this.approvals.collect(request);
    if (!this.approvals.suffice(request, approvals))
      throw problem('access.incomplete', { where: row.id, detail: 'approvals are missing while the chain is away' });
    const receipt = receiptOf(answer, row);
    return {
      ...common,
      leaves: approvals.map(({ leaf }) => leaf),
      ask: (institution, leaf, capsules) => {
        const body = { request, receipt, approvals, leaf, dealId: deal.id, salt, capsules };
        return this.context.peers.call(releaseEmergency, institution, body);
      },
    };
  }

  private common(row: RequestRow, readerKey: Uint8Array) {
    return { request: row.body as unknown as Request, deal: row.deal as unknown as Deal, salt: row.salt, readerKey };
  }

  private checkLife({ id, expiresAt }: Request): void {
    if (expiresAt <= this.context.clock.now()) throw problem('access.expired', { where: id });
  }
}
