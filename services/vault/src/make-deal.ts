import { box, deal as dealOut, frame, fromBase64url, type Deal } from '@medshare/crypto';
import type { Tx } from '@medshare/database';
import { problem } from '@medshare/problems';
import type { AuditFact, RoleContext } from '@medshare/role';
import type { ClassFormulas } from './class-formulas.js';
import { institutionOf, memberOf } from './members.js';
import { currentEpoch, findDeal, insertDeal, type BoxedShare, type Scope } from './store/deals.js';

type Parts = Pick<RoleContext, 'institution' | 'region' | 'suite' | 'clock'>;

/** What the box of a leaf's share is for. */
export const leafInfo = (dealId: string, leaf: string): Uint8Array => frame('medshare/leaf/1', dealId, leaf);

/** The delegating key of an episode's sensitivity class: dealt once, its secret gone with this call. */
export class MakeDeal {
  constructor(
    private readonly parts: Parts,
    private readonly formulas: ClassFormulas,
  ) {}

  /** The scope's deal; the first time it is made, with its leaves on their way to their holders. */
  async dealFor(tx: Tx, scope: Scope): Promise<{ deal: Deal; facts: AuditFact[] }> {
    const known = await findDeal(tx, scope);
    if (known) return { deal: known, facts: [] };
    const made = this.make(scope);
    await insertDeal(tx, scope, made.deal, made.shares, this.parts.clock.now());
    const fact: AuditFact = { action: 'deal.made', outcome: 'success', entities: [{ kind: 'deal', id: made.deal.id }] };
    return { deal: made.deal, facts: [fact] };
  }

  private make(scope: Scope): { deal: Deal; shares: BoxedShare[] } {
    const { institution, region, suite } = this.parts;
    const about = {
      region: region.region,
      institution,
      episode: scope.episode,
      class: scope.class,
      epoch: currentEpoch,
    };
    const { deal, shares } = dealOut(suite, this.formulas.formulaOf(scope.class), about);
    try {
      return { deal, shares: [...shares].map(([leaf, share]) => this.boxed(deal.id, leaf, share)) };
    } finally {
      for (const share of shares.values()) share.fill(0);
      shares.clear();
    }
  }

  private boxed(dealId: string, leaf: string, share: Uint8Array): BoxedShare {
    const { region, suite } = this.parts;
    const institution = institutionOf(leaf);
    const holder = memberOf(region, institution);
    if (!holder) throw problem('vault.formula', { where: leaf, detail: 'no member holds this leaf' });
    return { leaf, institution, boxed: box(suite, fromBase64url(holder.keys.vault), share, leafInfo(dealId, leaf)) };
  }
}
