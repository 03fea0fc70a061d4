import { canonical, checkCapsules, fromBase64url, suite, type Capsule } from '@medshare/crypto';
import { lookUpAnchors, type AnchoredCapsule } from '@medshare/events';
import { problem } from '@medshare/problems';
import { verifyInclusion } from '@medshare/proofs';
import type { RoleContext } from '@medshare/role';
import { sealLeaf } from './sealed-manifest.js';
import type { HeldLeaf } from './store/leaves.js';

type Parts = Pick<RoleContext, 'institution' | 'suite' | 'peers'>;

/** A vault must be no oracle: it multiplies only points of capsules that are proven, of its deal, and anchored on its own copy of the chain. */
export class CheckCapsules {
  constructor(private readonly parts: Parts) {}

  /** @returns the bare capsules, in order. @throws Problem vault.capsule naming the section */
  async check({ deal, dealer }: HeldLeaf, capsules: readonly AnchoredCapsule[]): Promise<Capsule[]> {
    const sections = new Set(capsules.map(({ section }) => section.section));
    if (sections.size !== capsules.length)
      throw problem('vault.capsule', { where: 'capsules', detail: 'a section twice' });
    const bare = capsules.map((one) => this.included(one, deal.id, dealer));
    await this.checkAnchors(dealer, capsules);
    try {
      checkCapsules(this.parts.suite, deal, bare);
    } catch (cause) {
      throw problem('vault.capsule', {
        where: 'capsules',
        detail: cause instanceof Error ? cause.message : undefined,
        cause,
      });
    }
    return bare;
  }

  private included(
    { anchor, institution, section, index, size, proof }: AnchoredCapsule,
    dealId: string,
    dealer: string,
  ): Capsule {
    const refuse = (detail: string) => problem('vault.capsule', { where: section.section, detail });
    const { capsule } = section;
    if (!capsule) throw refuse('the section has none');
    if (capsule.deal !== dealId) throw refuse('of another deal');
    if (capsule.section !== section.section) throw refuse('of another section');
    if (institution !== dealer) throw refuse('of another institution');
    const used = suite(anchor.suite);
    const holds = verifyInclusion({
      hash: (...parts) => used.hash(...parts),
      leaf: sealLeaf(used, section),
      index,
      size,
      proof: proof.map(fromBase64url),
      root: fromBase64url(anchor.sealRoot),
    });
    if (!holds) throw refuse('not in the anchor');
    return capsule;
  }

  private async checkAnchors(dealer: string, capsules: readonly AnchoredCapsule[]): Promise<void> {
    const { peers, institution } = this.parts;
    const tags = [...new Set(capsules.map(({ anchor }) => anchor.tag))];
    const { anchors } = await peers.call(lookUpAnchors, institution, { institution: dealer, tags });
    const onChain = new Map(anchors.map(({ tag, anchor }) => [tag, canonical(anchor)]));
    const loose = capsules.find(({ anchor }) => onChain.get(anchor.tag) !== canonical(anchor));
    if (loose) throw problem('vault.capsule', { where: loose.section.section, detail: 'not anchored on the chain' });
  }
}
