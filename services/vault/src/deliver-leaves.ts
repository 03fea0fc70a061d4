import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { toBase64url, verifyDocument } from '@medshare/crypto';
import { satisfies } from '@medshare/crypto/formula';
import { deliverLeaf } from '@medshare/events';
import { backoffOf, Rounds } from '@medshare/outbox';
import { asProblem, problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import { writeDeal } from './deal-document.js';
import { memberOf } from './members.js';
import { dueDeliveries, lockDeal, noteAcknowledged, noteShareable, postpone, type DueDelivery } from './store/deals.js';

type Parts = Pick<RoleContext, 'region' | 'suite' | 'clock' | 'database' | 'peers' | 'logger'>;

/** Longest wait before due leaves are looked for without being told, ms. */
const idle = 1000;
/** Wait before a leaf's next delivery, doubled up to the limit, ms. */
const backoff = { first: 500, limit: 60_000 };
/** Leaves brought at the same time. */
const batch = 32;

/** Brings dealt leaves to their holders until each has signed for its own. A class is shareable once an authorized set has. */
export class DeliverLeaves implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly rounds = new Rounds({
    round: () => this.deliverDue(),
    failed: (caught) => this.parts.logger.warn({ code: asProblem(caught).code }, 'leaves not delivered, will retry'),
    idle,
  });

  constructor(private readonly parts: Parts) {}

  onApplicationBootstrap(): void {
    this.rounds.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.rounds.stop();
  }

  /** Tells that leaves may wait. */
  wake(): void {
    this.rounds.wake();
  }

  /** One round. @returns how many leaves were signed for */
  async deliverDue(): Promise<number> {
    const { database, clock } = this.parts;
    const due = await dueDeliveries(database, clock.now(), batch);
    const delivered = await Promise.all(due.map((one) => this.deliver(one)));
    return delivered.filter(Boolean).length;
  }

  private async deliver(due: DueDelivery): Promise<boolean> {
    const { peers, database, clock, logger } = this.parts;
    const { deal, leaf, institution, boxed } = due;
    try {
      const answer = await peers.call(deliverLeaf, institution, {
        deal: writeDeal(deal),
        leaf,
        boxedShare: toBase64url(boxed),
      });
      this.checkAnswer(due, answer);
      await this.acknowledged(due, answer.signature);
      return true;
    } catch (caught) {
      const { code } = asProblem(caught);
      logger.warn(
        { code, institution, leaf, dealId: deal.id, attempt: due.attempts + 1 },
        'leaf not delivered, will retry',
      );
      await postpone(database, due, code, clock.now() + backoffOf(backoff, due.attempts + 1));
      return false;
    }
  }

  private checkAnswer({ deal, leaf, institution }: DueDelivery, answer: { signature: string }): void {
    const { region, suite } = this.parts;
    const content = { dealId: deal.id, leaf, institution };
    const key = memberOf(region, institution)?.keys.vault ?? '';
    if (!verifyDocument(suite, key, 'leaf-accepted', 1, content, answer.signature))
      throw problem('access.forged', { where: institution, detail: 'the acknowledgement of a leaf' });
  }

  private async acknowledged({ deal, leaf }: DueDelivery, signature: string): Promise<void> {
    const { database, clock } = this.parts;
    await database.transaction(async (tx) => {
      await lockDeal(tx, deal.id);
      const leaves = await noteAcknowledged(tx, deal.id, leaf, signature, clock.now());
      if (satisfies(deal.formula, new Set(leaves))) await noteShareable(tx, deal.id, clock.now());
    });
  }
}
