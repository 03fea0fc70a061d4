import { canonical, documentHash } from '@medshare/crypto';
import { parseFormula } from '@medshare/crypto/formula';
import { describeLeaves, event, readReachability, type noticeRequest, type Request } from '@medshare/events';
import { checkRequest } from '@medshare/ledger';
import { checkPermit, toFill, type EmergencyRules } from '@medshare/policy';
import { isProblem, problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { z } from 'zod';
import { forged } from './access.problems.js';
import { checkReason } from './check-reason.js';
import type { ChainState } from './chain-state.js';
import { wrapJson } from './wrapped-json.js';

type Notice = z.infer<typeof noticeRequest.request>;

/** Takes note of which deal a request on the chain is about, so that the holders of its leaves here can decide. */
export class NoticeRequest {
  constructor(
    private readonly context: RoleContext,
    private readonly chain: ChainState,
    private readonly rules: EmergencyRules,
  ) {}

  /** @returns the request's leaves that are held here and can be filled. @throws Problem access.forged when deal, formula and request differ */
  async note(caller: string, notice: Notice): Promise<string[]> {
    try {
      return await this.checkAndKeep(caller, notice);
    } catch (caught) {
      if (isProblem(caught) && caught.code === 'access.forged') await this.recordRefusal(caller, notice, caught.code);
      throw caught;
    }
  }

  private async recordRefusal(institution: string, { requestId, dealId }: Notice, code: string): Promise<void> {
    await this.context.audit.record({
      action: 'approval.refused',
      outcome: 'refused',
      problem: code,
      agent: { institution },
      entities: [
        { kind: 'request', id: requestId },
        { kind: 'deal', id: dealId },
      ],
    });
  }

  private async checkAndKeep(caller: string, notice: Notice): Promise<string[]> {
    const { dealId, salt } = notice;
    const { request, away } = await this.requestOf(notice);
    if (caller !== request.requester.institution && caller !== request.institution) throw forged('caller');
    checkPermit(this.context.region, request, notice.receipt);
    checkReason(this.context.suite, request.ask, notice.reason);
    const commitment = documentHash(this.context.suite, 'deal-commitment', 1, { dealId, salt });
    if (commitment !== request.dealCommitment) throw forged('dealId');
    const held = await this.context.peers.call(describeLeaves, this.context.institution, { dealId });
    if (held.dealer !== request.institution) throw forged('institution');
    // a request under a weaker formula than the deal's would be granted on the chain and open nothing
    if (canonical(held.formula) !== canonical(request.formula as never)) throw forged('formula');
    const open = new Set(toFill(parseFormula(request.formula), request.approval ?? 'none', request.ask.purpose));
    const leaves = held.leaves.filter((leaf) => open.has(leaf));
    await this.persist(notice, leaves, request, away);
    return leaves;
  }

  /**
   * The request as the own copy of the chain has it. Only an emergency is taken from the notice itself, and only while nothing can be
   * committed, which this institution finds out for itself.
   */
  private async requestOf({ requestId, request: brought }: Notice): Promise<{ request: Request; away: boolean }> {
    const { region, clock, peers, institution } = this.context;
    if (!brought?.ask.emergency || brought.id !== requestId)
      return { ...(await this.chain.request(requestId)), away: false };
    if (!this.rules.away.allowed) throw problem('access.denied', { where: 'policies/legal-basis: emergency.away' });
    const { reachable } = await peers.call(readReachability, institution, {});
    if (reachable && !this.rules.away.whenReachable) throw problem('access.chain-reachable', { where: institution });
    checkRequest(region, brought, clock.now());
    return { request: brought, away: true };
  }

  private async persist(notice: Notice, leaves: string[], request: Request, away: boolean): Promise<void> {
    const { context } = this;
    const { requestId, dealId, salt, receipt, relation, reason } = notice;
    const now = new Date(context.clock.now());
    const sealed = reason ? await wrapJson(context, reason, `notice/${requestId}`) : null;
    const row = [requestId, dealId, salt, receipt.class, relation, leaves, new Date(request.expiresAt), now];
    // what is decided on the chain is told once more when the chain is back
    const told = away
      ? event('emergency.noticed', { id: `noticed-away/${requestId}`, key: requestId }, { requestId })
      : event('request.noticed', { id: `noticed/${requestId}`, key: requestId }, { requestId });
    // noted and told together; a notice that is repeated tells again, which the inbox knows
    await context.database.transaction(async (tx) => {
      await tx.query(
        `INSERT INTO notice (request_id, deal_id, salt, class, relation, leaves, state, expires_at, created_at, away, request, reason)
         VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8, $9, $10, $11)
         ON CONFLICT (request_id) DO UPDATE SET away = $9, request = COALESCE($10, notice.request)`,
        [...row, away, away ? request : null, sealed],
      );
      await context.outbox.append(tx, [told]);
    });
  }
}
