import { evaluate, type Evaluation } from '@medshare/crypto/oprf';
import type { Tx } from '@medshare/database';
import type { evaluateIndex } from '@medshare/events';
import { problem } from '@medshare/problems';
import type { AuditFact, RoleContext } from '@medshare/role';
import type { z } from 'zod';
import { countEvaluation } from './store/evaluations.js';

export type EvaluateBody = z.infer<typeof evaluateIndex.request>;
type Parts = Pick<RoleContext, 'institution' | 'region' | 'random' | 'clock' | 'database' | 'audit'>;

/** This member's share of the region's threshold OPRF: it sees a blinded point, never an identifier. */
export class EvaluateIndex {
  constructor(
    private readonly parts: Parts,
    private readonly share: Uint8Array | undefined,
  ) {}

  /** Counts, audits and answers. @throws Problem crypto.invalid for what is no group element */
  async evaluate(caller: string, body: EvaluateBody): Promise<Evaluation> {
    return this.parts.database.transaction(async (tx) => {
      const { evaluation, fact } = await this.within(tx, caller, body);
      await this.parts.audit.append(tx, fact);
      return evaluation;
    });
  }

  /** The same inside the caller's transaction, which appends the fact. */
  async within(tx: Tx, caller: string, body: EvaluateBody): Promise<{ evaluation: Evaluation; fact: AuditFact }> {
    const evaluation = this.answer(body.blinded);
    await countEvaluation(tx, caller, body.ground, this.parts.clock.now());
    const fact: AuditFact = {
      action: 'index.evaluated',
      outcome: 'success',
      agent: { institution: caller },
      entities: [
        { kind: 'ground', id: body.ground },
        { kind: 'reference', id: body.reference },
      ],
    };
    return { evaluation, fact };
  }

  private answer(blinded: string): Evaluation {
    const { region, institution, random } = this.parts;
    const index = region.oprf.members.indexOf(institution) + 1;
    if (index === 0 || this.share === undefined)
      throw problem('vault.key-unavailable', { where: institution, detail: 'no share of the index key' });
    try {
      return evaluate((n) => random.bytes(n), index, this.share, blinded);
    } catch (cause) {
      throw problem('crypto.invalid', { where: 'blinded', cause });
    }
  }
}
