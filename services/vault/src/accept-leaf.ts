import { acceptShare, checkDeal, documentHash, fromBase64url, signDocument, unbox, type Deal } from '@medshare/crypto';
import type { deliverLeaf } from '@medshare/events';
import { asProblem, problem } from '@medshare/problems';
import type { AuditFact, RoleContext } from '@medshare/role';
import type { z } from 'zod';
import { readDeal } from './deal-document.js';
import { leafInfo } from './make-deal.js';
import { institutionOf, memberOf } from './members.js';
import { findLeaf, insertLeaf } from './store/leaves.js';

type Body = z.infer<typeof deliverLeaf.request>;
type Answer = z.infer<typeof deliverLeaf.response>;
type Parts = Pick<
  RoleContext,
  'institution' | 'region' | 'suite' | 'clock' | 'database' | 'keyEncryption' | 'signingKey' | 'audit'
>;

/** What a leaf's share is wrapped for. */
export const leafContext = (dealId: string, leaf: string): string => `leaf/${dealId}/${leaf}`;

/** The holder's side of a dealing: checks everything that can be checked, keeps the share and signs for it. */
export class AcceptLeaf {
  constructor(private readonly parts: Parts) {}

  /** Repeating a delivery gives another signature for the same leaf. @throws Problem vault.deal, vault.share, auth.forbidden */
  async accept(caller: string, { deal, leaf, boxedShare }: Body): Promise<Answer> {
    const { database, audit } = this.parts;
    try {
      await this.checkAndKeep(caller, readDeal(deal), leaf, boxedShare);
    } catch (caught) {
      const { code } = asProblem(caught);
      const fact = {
        ...factOf(caller, deal.id, leaf),
        action: 'leaf.refused',
        outcome: 'refused',
        problem: code,
      } as const;
      await database.transaction((tx) => audit.append(tx, fact));
      throw caught;
    }
    return this.signed(deal.id, leaf);
  }

  private async checkAndKeep(caller: string, deal: Deal, leaf: string, boxedShare: string): Promise<void> {
    const { database, keyEncryption, audit, clock, suite } = this.parts;
    this.check(caller, deal, leaf);
    const share = this.share(deal, leaf, boxedShare);
    const wrapped = Buffer.from(await keyEncryption.wrap(share, leafContext(deal.id, leaf)));
    share.fill(0);
    const about = documentHash(suite, 'deal-about', 1, deal.about);
    await database.transaction(async (tx) => {
      const kept = await insertLeaf(tx, { deal, leaf, dealer: caller, wrapped }, about, clock.now());
      if (kept)
        return audit.append(tx, { ...factOf(caller, deal.id, leaf), action: 'leaf.accepted', outcome: 'success' });
      if (!(await findLeaf(tx, deal.id, leaf)))
        throw problem('vault.deal', {
          where: deal.id,
          detail: 'another deal for the same episode, class and epoch is held',
        });
      return undefined;
    });
  }

  private check(caller: string, deal: Deal, leaf: string): void {
    const { institution, region, suite } = this.parts;
    const { about } = deal;
    if (!memberOf(region, caller) || about.institution !== caller)
      throw problem('auth.forbidden', {
        where: 'deal.about.institution',
        detail: 'only the dealer itself brings a leaf',
      });
    if (about.region !== region.region) throw problem('vault.deal', { where: 'deal.about.region' });
    if (institutionOf(leaf) !== institution)
      throw problem('vault.deal', { where: leaf, detail: 'a leaf of another institution' });
    try {
      checkDeal(suite, deal);
    } catch (cause) {
      throw problem('vault.deal', {
        where: deal.id,
        detail: cause instanceof Error ? cause.message : undefined,
        cause,
      });
    }
  }

  private share(deal: Deal, leaf: string, boxedShare: string): Uint8Array {
    const { suite, signingKey } = this.parts;
    try {
      const share = unbox(suite, signingKey.privateKey, fromBase64url(boxedShare), leafInfo(deal.id, leaf));
      acceptShare(suite, deal, leaf, share);
      return share;
    } catch (cause) {
      throw problem('vault.share', { where: leaf, cause });
    }
  }

  private signed(dealId: string, leaf: string): Answer {
    const { suite, signingKey, institution } = this.parts;
    const content = { dealId, leaf, institution };
    return { ...content, signature: signDocument(suite, signingKey.privateKey, 'leaf-accepted', 1, content) };
  }
}

const factOf = (caller: string, dealId: string, leaf: string): Pick<AuditFact, 'agent' | 'entities'> => ({
  agent: { institution: caller },
  entities: [
    { kind: 'deal', id: dealId },
    { kind: 'leaf', id: leaf },
  ],
});
