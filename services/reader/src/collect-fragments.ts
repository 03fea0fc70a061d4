import { fromBase64url, suite, unboxFragments, verifyDocument, documentHash, type Fragments } from '@medshare/crypto';
import { authorizedSubset, parseFormula } from '@medshare/crypto/formula';
import type { AnchoredCapsule } from '@medshare/events';
import { asProblem, problem, type Problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { Granted } from './prove-grant.js';

/**
 * Gathers fragments of one batch of capsules from an authorized set of the grant's leaves. A holder that is away, refuses
 * or answers wrongly is named and another set is tried, as far as the formula has one.
 */
export class CollectFragments {
  constructor(private readonly context: RoleContext) {}

  /** @throws Problem access.incomplete, or the last holder's problem naming it */
  async collect(granted: Granted, capsules: AnchoredCapsule[]): Promise<Fragments[]> {
    const formula = parseFormula(granted.request.formula);
    const usable = new Set(granted.leaves);
    const gathered = new Map<string, Fragments>();
    let last: Problem | undefined;
    for (;;) {
      const chosen = authorizedSubset(formula, this.localFirst(usable));
      if (!chosen) throw last ?? problem('access.incomplete', { where: granted.request.id });
      const missing = chosen.filter((leaf) => !gathered.has(leaf));
      if (missing.length === 0) return chosen.map((leaf) => gathered.get(leaf)).filter((found) => found !== undefined);
      const answers = await Promise.allSettled(missing.map((leaf) => this.ask(granted, leaf, capsules)));
      answers.forEach((answer, index) => {
        const leaf = missing[index] ?? '';
        if (answer.status === 'fulfilled') return gathered.set(leaf, answer.value);
        last = asProblem(answer.reason);
        this.context.logger.warn({ leaf, code: last.code, requestId: granted.request.id }, 'no fragments');
        return usable.delete(leaf);
      });
    }
  }

  private localFirst(leaves: ReadonlySet<string>): ReadonlySet<string> {
    const own = `@${this.context.institution}`;
    return new Set([...leaves].sort((a, b) => Number(b.endsWith(own)) - Number(a.endsWith(own))));
  }

  private async ask(granted: Granted, leaf: string, capsules: AnchoredCapsule[]): Promise<Fragments> {
    const { request, deal, readerKey } = granted;
    const institution = leaf.slice(leaf.indexOf('@') + 1);
    const answer = await granted.ask(institution, leaf, capsules);
    this.checkSigner(institution, request.id, leaf, answer);
    const context = {
      grant: request.id,
      deal: deal.id,
      reader: request.ask.readerKey,
      purpose: request.ask.purpose,
      expiresAt: request.expiresAt,
    };
    const bare = capsules.flatMap(({ section }) => (section.capsule ? [section.capsule] : []));
    try {
      return unboxFragments(suite(deal.suite), deal, readerKey, context, bare, JSON.parse(decode(answer.boxed)));
    } catch {
      throw problem('vault.fragment', { where: leaf, detail: 'the proof does not hold' });
    }
  }

  /** The custodian signs what it gives: siblings under an OR hold equal values, so the proof alone does not name it. */
  private checkSigner(
    institution: string,
    requestId: string,
    leaf: string,
    answer: { boxed: string; signature: string },
  ): void {
    const { region } = this.context;
    const member = region.members.find(({ id }) => id === institution);
    if (!member) throw problem('peer.untrusted', { where: institution });
    const regional = suite(region.suite);
    const content = { requestId, leaf, boxed: documentHash(regional, 'boxed', 1, answer.boxed) };
    if (!verifyDocument(regional, fromBase64url(member.keys.vault), 'fragments', 1, content, answer.signature))
      throw problem('vault.fragment', { where: leaf, detail: 'the signature does not hold' });
  }
}

const decode = (value: string): string => new TextDecoder().decode(fromBase64url(value));
