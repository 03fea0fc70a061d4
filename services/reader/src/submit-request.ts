import { leavesOf, parseFormula } from '@medshare/crypto/formula';
import {
  askResponse,
  grant as grantShape,
  noticeRequest,
  readReachability,
  readState,
  submitTransaction,
  type DecisionReceipt,
  type Grant,
  type Request,
} from '@medshare/events';
import { asProblem, isProblem, problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { z } from 'zod';
import type { CollectApprovals } from './collect-approvals.js';
import type { ReaderStore, RequestRow as Row } from './store/reader-store.js';
import type { StoredAsks } from './stored-ask.js';

type State = 'waiting' | 'granted' | 'revoked' | 'expired';

/** How often a leaf holder is told again while its copy of the chain is behind, and how long between, ms. */
const tellings = 20;
const pause = 150;

/** Puts a request on the chain and shows the holders of its leaves which deal it is about. */
export class SubmitRequest {
  constructor(
    private readonly context: RoleContext,
    private readonly store: ReaderStore,
    private readonly asks: StoredAsks,
    private readonly approvals: CollectApprovals,
  ) {}

  /** Harmless to repeat. A holder that cannot be reached is told again when the ask is next looked at. */
  async submit(row: Row): Promise<void> {
    const { peers, institution } = this.context;
    const request = row.body as unknown as Request;
    const away = request.ask.emergency !== undefined && !(await this.chainReachable());
    if (!away) await peers.call(submitTransaction, institution, { function: 'request', args: request as never });
    const ask = await this.store.ask.findUniqueOrThrow({ where: { id: row.askId } });
    const { relation, reason } = await this.asks.secrets(row.askId, ask.sealed);
    const leaves = leavesOf(parseFormula(request.formula));
    const holders = [...new Set(leaves.map((leaf) => leaf.slice(leaf.indexOf('@') + 1)))];
    const notice = {
      requestId: row.id,
      dealId: (row.deal as { id: string }).id,
      salt: row.salt,
      relation,
      receipt: receiptOf(ask.answer, row),
      ...(reason && { reason }),
      ...(away && { request }),
    };
    const told = await Promise.all(holders.map((holder) => this.tell(holder, notice)));
    // what is decided without the chain is submitted when the chain is back
    const submitted = !away && told.every(Boolean);
    await this.store.request.update({ where: { id: row.id }, data: { submitted, away } });
  }

  /** Whether this institution could have anything committed now. */
  async chainReachable(): Promise<boolean> {
    const { peers, institution } = this.context;
    return (await peers.call(readReachability, institution, {})).reachable;
  }

  /**
   * Whether a request that is not granted yet is decided without the chain. An emergency takes the other way as soon as the chain goes
   * away, or is back: its holders are told so.
   */
  async isAway(row: Row, reachable = () => this.chainReachable()): Promise<boolean> {
    if ((row.body as unknown as Request).ask.emergency === undefined) return false;
    const away = !(await reachable());
    if (away !== row.away) await this.submit(row);
    return away;
  }

  /** State of an ask's requests as the chain has it; of those that are decided without it, as the approvals are. */
  async states(askId: string): Promise<Map<string, { state: State; away?: true }>> {
    const rows = await this.store.request.findMany({ where: { askId } });
    const grants = await this.grants(rows.map(({ id }) => id));
    const now = this.context.clock.now();
    let asked: Promise<boolean> | undefined;
    const reachable = () => (asked ??= this.chainReachable());
    const states = rows.map(async (row): Promise<[string, { state: State; away?: true }]> => {
      const state = stateOf(grants.get(row.id), row.expiresAt.getTime(), now);
      // whoever cannot be told now is told at the next look
      const away = state === 'waiting' && (await this.isAway(row, reachable).catch(() => row.away));
      if (!away) return [row.id, { state }];
      return [row.id, { state: await this.awayState(row.body as unknown as Request), away: true }];
    });
    return new Map(await Promise.all(states));
  }

  private async awayState(request: Request): Promise<State> {
    return this.approvals.suffice(request, await this.approvals.collect(request)) ? 'granted' : 'waiting';
  }

  async grants(requestIds: string[]): Promise<Map<string, Grant>> {
    if (requestIds.length === 0) return new Map();
    const keys = requestIds.map((id) => `grant/${id}`);
    const { entries } = await this.context.peers.call(readState, this.context.institution, { keys });
    return new Map(entries.map(({ key, value }) => [key.slice('grant/'.length), grantShape.parse(value)]));
  }

  private async tell(holder: string, notice: z.infer<typeof noticeRequest.request>): Promise<boolean> {
    for (let attempt = 1; attempt <= tellings; attempt += 1) {
      try {
        await this.context.peers.call(noticeRequest, holder, notice);
        return true;
      } catch (caught) {
        if (!isProblem(caught) || caught.code !== 'ledger.unavailable') {
          this.context.logger.warn({ member: holder, code: asProblem(caught).code }, 'leaf holder not told');
          return false;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    return false;
  }
}

/** The owner's permit that the ask was answered with. */
export function receiptOf(answer: unknown, row: Row): DecisionReceipt {
  const { receipts } = askResponse.parse(answer);
  const found = receipts.find((receipt) => receipt.owner === row.owner && receipt.class === row.class);
  if (!found) throw problem('access.denied', { where: row.owner });
  return found;
}

function stateOf(grant: Grant | undefined, expiresAt: number, now: number): State {
  if (grant?.state === 'revoked') return 'revoked';
  if (expiresAt <= now) return 'expired';
  return grant ? 'granted' : 'waiting';
}
