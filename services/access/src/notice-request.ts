import { canonical, documentHash, fromBase64url, verifyDocument } from '@medshare/crypto';
import { parseFormula } from '@medshare/crypto/formula';
import { describeLeaves, event, type DecisionReceipt, type noticeRequest, type Request } from '@medshare/events';
import { toFill } from '@medshare/policy';
import { isProblem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { z } from 'zod';
import { forged } from './access.problems.js';
import { memberOf } from './check-certificate.js';
import type { ChainState } from './chain-state.js';

type Notice = z.infer<typeof noticeRequest.request>;

/** Takes note of which deal a request on the chain is about, so that the holders of its leaves here can decide. */
export class NoticeRequest {
  constructor(
    private readonly context: RoleContext,
    private readonly chain: ChainState,
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
    const { requestId, dealId, salt } = notice;
    const { request } = await this.chain.request(requestId);
    if (caller !== request.requester.institution && caller !== request.institution) throw forged('caller');
    this.checkPermit(request, notice.receipt);
    const commitment = documentHash(this.context.suite, 'deal-commitment', 1, { dealId, salt });
    if (commitment !== request.dealCommitment) throw forged('dealId');
    const held = await this.context.peers.call(describeLeaves, this.context.institution, { dealId });
    if (held.dealer !== request.institution) throw forged('institution');
    // a request under a weaker formula than the deal's would be granted on the chain and open nothing
    if (canonical(held.formula) !== canonical(request.formula as never)) throw forged('formula');
    const open = new Set(toFill(parseFormula(request.formula), request.approval ?? 'none'));
    const leaves = held.leaves.filter((leaf) => open.has(leaf));
    await this.persist(notice, leaves, request.expiresAt);
    return leaves;
  }

  private checkPermit(request: Request, { signature = '', ...receipt }: DecisionReceipt): void {
    const key = fromBase64url(memberOf(this.context.region, request.institution).keys.access);
    if (!verifyDocument(this.context.suite, key, 'receipt', 1, receipt, signature)) throw forged('receipt');
    const { certificate } = request.requester;
    const fits =
      receipt.owner === request.institution &&
      receipt.outcome === 'permit' &&
      receipt.askId === request.ask.askId &&
      // reader key and expiry as the owner saw them
      receipt.askHash === documentHash(this.context.suite, 'ask', 1, request.ask) &&
      receipt.purpose === request.ask.purpose &&
      // whether people must approve, which the chain enforces as the request says it
      (receipt.approval === undefined || receipt.approval === (request.approval ?? 'none')) &&
      // every leaf holder is shown the receipt: it serves nobody else, and no other deal
      receipt.requester.institution === certificate.institution &&
      receipt.requester.person === certificate.person &&
      receipt.deals.includes(request.dealCommitment);
    if (!fits) throw forged('receipt');
  }

  private async persist(notice: Notice, leaves: string[], expiresAt: number): Promise<void> {
    const { context } = this;
    const { requestId, dealId, salt, receipt, relation } = notice;
    const now = new Date(context.clock.now());
    const id = `noticed/${requestId}`;
    // noted and told together; a notice that is repeated tells again, which the inbox knows
    await context.database.transaction(async (tx) => {
      await tx.query(
        `INSERT INTO notice (request_id, deal_id, salt, class, relation, leaves, state, expires_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8) ON CONFLICT (request_id) DO NOTHING`,
        [requestId, dealId, salt, receipt.class, relation, leaves, new Date(expiresAt), now],
      );
      await context.outbox.append(tx, [event('request.noticed', { id, key: requestId }, { requestId })]);
    });
  }
}
