import type { Formula } from '@medshare/crypto/formula';
import type { evaluateBody, evaluateResponse, Region } from '@medshare/events';
import { decide, instantiateFormula, loadAccessPolicy, type AccessPolicy, type Decision, type DecisionInput } from '@medshare/policy';
import type { z } from 'zod';

/** The institution's policies, loaded once; a new version comes with a restart and has another hash. */
export class InstitutionPolicy {
  private readonly policy: AccessPolicy;
  private readonly members: string[];

  constructor(files: Record<string, string>, region: Region) {
    this.policy = loadAccessPolicy(files);
    this.members = region.members.map(({ id }) => id);
  }

  decide(input: DecisionInput): Decision {
    return decide(this.policy, input);
  }

  /** The formula of a permitted class for records of `source`. */
  formula(name: string, source: string): Formula {
    return instantiateFormula(this.policy, name, { source, members: this.members });
  }

  /** `POST /access/$evaluate`: the decision that would be made, without effect. */
  evaluate(body: z.infer<typeof evaluateBody>): z.infer<typeof evaluateResponse> {
    const { days, requester, ...rest } = body;
    const decision = this.decide({ ...rest, requester: { ...requester, person: 'evaluated' }, requestedDays: days });
    return {
      outcome: decision.outcome,
      ...(decision.problem ? { problem: decision.problem } : {}),
      ...(decision.legalBasis ? { legalBasis: decision.legalBasis } : {}),
      ...(decision.outcome === 'permit' && decision.formulaName
        ? { formula: this.formula(decision.formulaName, body.owner) as z.infer<typeof evaluateResponse>['formula'] }
        : {}),
      approval: decision.approval,
      rules: [...decision.rules],
      obligations: [...decision.obligations],
      policyHash: decision.policyHash,
    };
  }
}
