import type { Formula } from '@medshare/crypto/formula';
import type { evaluateBody, evaluateResponse, Region } from '@medshare/events';
import {
  decide,
  instantiateFormula,
  loadAccessPolicy,
  serviceLeafApproves,
  type AccessPolicy,
  type Decision,
  type DecisionInput,
  type EmergencyRules,
  type ServiceLeafAnswer,
  type ServiceLeafInput,
} from '@medshare/policy';
import { problem } from '@medshare/problems';
import type { z } from 'zod';

/** The institution's policies, loaded once; a new version comes with a restart and has another hash. */
export class InstitutionPolicy {
  private readonly policy: AccessPolicy;
  private readonly members: string[];

  /** @param institution whose policies they are */
  /** The files that its hash is over, and the members. */
  readonly source: { members: string[]; files: Record<string, string> };

  constructor(
    all: Record<string, string>,
    region: Region,
    private readonly institution: string,
  ) {
    this.members = region.members.map(({ id }) => id);
    const files = Object.fromEntries(
      Object.entries(all).filter(([name]) => /^(legal-basis|formulas|access)\//.test(name)),
    );
    this.source = { members: this.members, files };
    this.policy = loadAccessPolicy(files, { members: this.members });
  }

  get emergency(): EmergencyRules {
    return this.policy.legal.emergency;
  }

  get hash(): string {
    return this.policy.hash;
  }

  decide(input: DecisionInput): Decision {
    return decide(this.policy, input);
  }

  /** The formula of a permitted class for records of `source`. */
  formula(name: string, source: string): Formula {
    const template = this.policy.formulas[name];
    if (!template) throw problem('config.invalid', { where: 'policies/formulas', detail: `no formula ${name}` });
    return instantiateFormula(template, { source, members: this.members });
  }

  /** Whether this institution's service answers by itself, and for which of its leaves. */
  serviceLeaf(input: ServiceLeafInput): ServiceLeafAnswer {
    return serviceLeafApproves(this.policy, input, { institutions: [], persons: [] }, this.institution);
  }

  /** `POST /access/$evaluate`: the decision that would be made, without effect. */
  evaluate(
    body: z.infer<typeof evaluateBody>,
    about: Pick<DecisionInput, 'consent' | 'consentRules'> & { person?: string } = {},
  ): z.infer<typeof evaluateResponse> {
    const { days, requester, ...rest } = body;
    const { person = 'evaluated', ...consent } = about;
    const decision = this.decide({ ...rest, ...consent, requester: { ...requester, person }, requestedDays: days });
    return {
      outcome: decision.outcome,
      ...(decision.problem ? { problem: decision.problem } : {}),
      ...(decision.legalBasis ? { legalBasis: decision.legalBasis } : {}),
      ...(decision.outcome === 'permit' && decision.formulaName
        ? { formula: this.formula(decision.formulaName, body.owner) }
        : {}),
      approval: decision.approval,
      rules: [...decision.rules],
      obligations: [...decision.obligations],
      policyHash: decision.policyHash,
    };
  }
}
