import { leavesOf, parseFormula } from '@medshare/crypto/formula';
import { collectApprovals, type EmergencyApproval, type Request } from '@medshare/events';
import { checkAwayApproval, checkEmergency } from '@medshare/ledger';
import { asProblem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';

/** Most approvals that a custodian takes. */
const most = 32;

/** Fetches, from every holder of a leaf, what was approved there while the chain is away. */
export class CollectApprovals {
  constructor(private readonly context: RoleContext) {}

  /** Only what a custodian will take; a holder that is away or sends something else is named and left out. */
  async collect(request: Request): Promise<EmergencyApproval[]> {
    const { peers, logger } = this.context;
    const leaves = leavesOf(parseFormula(request.formula));
    const holders = [...new Set(leaves.map((leaf) => leaf.slice(leaf.indexOf('@') + 1)))];
    const asked = holders.map((holder) => peers.call(collectApprovals, holder, { requestId: request.id }));
    const answers = await Promise.allSettled(asked);
    const kept: EmergencyApproval[] = [];
    answers.forEach((answer, at) => {
      const [member, requestId] = [holders[at], request.id];
      if (answer.status === 'rejected')
        return logger.warn({ member, code: asProblem(answer.reason).code, requestId }, 'approvals not fetched');
      for (const one of answer.value.approvals) {
        const fault = this.faultOf(request, kept, one);
        if (fault) logger.warn({ member, code: fault, requestId }, 'an approval does not hold');
        else kept.push(one);
      }
    });
    return kept.slice(0, most);
  }

  /** Whether custodians will take these for the grant. */
  suffice(request: Request, approvals: EmergencyApproval[]): boolean {
    try {
      checkEmergency(this.context.region, { request, approvals }, this.context.clock.now());
      return true;
    } catch {
      return false;
    }
  }

  private faultOf(request: Request, kept: EmergencyApproval[], one: EmergencyApproval): string | undefined {
    if (kept.some(({ leaf }) => leaf === one.leaf)) return 'request.replayed';
    try {
      checkAwayApproval(this.context.region, request, kept, one, this.context.clock.now());
      return undefined;
    } catch (caught) {
      return asProblem(caught).code;
    }
  }
}
