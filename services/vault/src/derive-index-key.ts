import { frame } from '@medshare/crypto';
import { blind, finalize, verifyEvaluation, type Evaluation } from '@medshare/crypto/oprf';
import { evaluateIndex } from '@medshare/events';
import { asProblem, problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { EvaluateBody } from './evaluate-index.js';

type Parts = Pick<RoleContext, 'institution' | 'region' | 'random' | 'peers' | 'logger'>;
type Own = (body: EvaluateBody) => Promise<Evaluation>;

export interface Identifier {
  system: string;
  value: string;
}

/**
 * A patient's index key out of an identifier of an agreed system: the same at every institution, and nobody learns it
 * without the identifier and the help of a threshold of the region's vaults.
 */
export class DeriveIndexKey {
  constructor(private readonly parts: Parts) {}

  /**
   * @param own how this vault evaluates with its own share
   * @returns 32 bytes
   * @throws Problem vault.key-unavailable (transient) naming who is away or answered wrongly
   */
  async derive(identifier: Identifier, ground: 'seal' | 'search', reference: string, own: Own): Promise<Uint8Array> {
    const { region, random } = this.parts;
    const input = frame('medshare/identifier/1', region.region, identifier.system, identifier.value);
    const { blind: secret, blinded } = blind((n) => random.bytes(n), input);
    const { threshold } = region.oprf;
    const evaluations = await this.gather({ blinded, ground, reference }, own, threshold);
    return finalize(input, secret, evaluations, threshold);
  }

  /** Asks no more members than are needed, others in place of those that fail. */
  private async gather(body: EvaluateBody, own: Own, threshold: number): Promise<Evaluation[]> {
    const { region, institution } = this.parts;
    const waiting = [...region.oprf.members].sort((a, b) => Number(b === institution) - Number(a === institution));
    const found: Evaluation[] = [];
    const failed: string[] = [];
    while (found.length < threshold) {
      const asked = waiting.splice(0, threshold - found.length);
      if (asked.length === 0)
        throw problem('vault.key-unavailable', { where: failed.join(','), detail: 'too few index shares' });
      for (const answer of await Promise.all(asked.map((member) => this.ask(member, body, own)))) {
        if (typeof answer === 'string') failed.push(answer);
        else found.push(answer);
      }
    }
    return found;
  }

  /** @returns a verified evaluation, or who failed */
  private async ask(member: string, body: EvaluateBody, own: Own): Promise<Evaluation | string> {
    const { region, institution, peers, logger } = this.parts;
    try {
      const answer = member === institution ? await own(body) : await peers.call(evaluateIndex, member, body);
      const evaluation = answer as Evaluation;
      const index = region.oprf.members.indexOf(member) + 1;
      if (evaluation.index === index && verifyEvaluation(region.oprf.commitments, body.blinded, evaluation))
        return evaluation;
      logger.error({ member, code: 'crypto.invalid' }, 'an index share does not verify');
    } catch (caught) {
      logger.warn({ member, code: asProblem(caught).code }, 'no index share');
    }
    return member;
  }
}
