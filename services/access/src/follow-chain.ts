import type { EventOf } from '@medshare/events';
import type { Tx } from '@medshare/database';
import type { RoleContext } from '@medshare/role';

const states = { granted: 'granted', emergency: 'granted', revoked: 'revoked' } as const;

/** Keeps the notices of this institution true to the chain, and audits what the chain executed by itself. */
export class FollowChain {
  constructor(private readonly context: RoleContext) {}

  async apply(tx: Tx, change: EventOf<'chain.changed'>): Promise<void> {
    if (change.kind === 'requested' || change.kind === 'approved') return;
    await tx.query(`UPDATE notice SET state = $2 WHERE request_id = $1 AND state <> 'revoked'`, [
      change.requestId,
      states[change.kind],
    ]);
    if (change.kind === 'revoked' || (change.kind === 'emergency' && !this.concerns(change))) return;
    await this.context.audit.append(tx, {
      action: change.kind === 'emergency' ? 'emergency.anchored' : 'grant.made',
      outcome: 'success',
      agent: { institution: change.requester },
      entities: [
        { kind: 'request', id: change.requestId },
        { kind: 'block', id: String(change.block) },
      ],
    });
  }
  /** Custodians write down what they anchored; the parties write down that it was. */
  private concerns({ owner, requester }: EventOf<'chain.changed'>): boolean {
    return [owner, requester].includes(this.context.institution);
  }
}
