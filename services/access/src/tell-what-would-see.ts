import { findPatientDeals, type WhatWouldSeeAnswer, type whatWouldSeeBody } from '@medshare/events';
import type { Principal } from '@medshare/identity';
import { toFill } from '@medshare/policy';
import { problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { z } from 'zod';
import type { InstitutionPolicy } from './access-policy.js';
import type { IssueCertificate } from './issue-certificate.js';
import type { KeepConsents } from './keep-consents.js';
import { isPatient } from './record-consent.js';

type Body = z.infer<typeof whatWouldSeeBody>;

/** What a named clinician would see of a patient here, and why; without effect, and audited. */
export class TellWhatWouldSee {
  constructor(
    private readonly context: RoleContext,
    private readonly policy: InstitutionPolicy,
    private readonly consents: KeepConsents,
    private readonly certificates: IssueCertificate,
  ) {}

  /** @throws Problem auth.forbidden for a patient about somebody else, patient.not-searchable */
  async tell(principal: Principal, body: Body): Promise<WhatWouldSeeAnswer> {
    const { context } = this;
    const { system, value } = body.patient;
    const own = principal.patient;
    if (isPatient(principal) && (own?.system !== system || own.value !== value))
      throw problem('auth.forbidden', { where: 'patient', detail: 'a patient asks about themselves only' });
    if (!context.region.identifierSystems.includes(system))
      throw problem('patient.not-searchable', { where: 'patient.system' });
    const patient = context.patientKey(system, value);
    await this.audit(principal, patient, body.purpose);
    const { deals } = await context.peers.call(findPatientDeals, context.institution, { patient });
    const inForce = await this.consents.inForce([patient]);
    const classes = [...new Set(deals.map((deal) => deal.class))].sort();
    return {
      policyHash: this.policy.hash,
      classes: classes.map((name) => {
        const held = deals.filter((deal) => deal.class === name);
        return this.describe(body, name, held, inForce);
      }),
    };
  }

  private describe(
    { clinician, purpose, relation, days }: Body,
    dataClass: string,
    deals: { level: number; shareable: boolean; sections: number }[],
    inForce: Parameters<KeepConsents['answer']>[0],
  ): WhatWouldSeeAnswer['classes'][number] {
    const { clock, institution: owner } = this.context;
    const requester = { ...clinician, person: this.personOf(clinician) };
    const said = this.consents.answer(inForce, { requester, purpose, class: dataClass, at: clock.now() });
    const level = Math.max(...deals.map((deal) => deal.level));
    const question = { owner, class: dataClass, level, purpose, relation };
    const answer = this.policy.evaluate(
      { ...question, days, requester: { institution: clinician.institution, roles: clinician.roles } },
      { consent: said.said, consentRules: said.rules, person: requester.person },
    );
    const { outcome, problem: why, legalBasis, rules, obligations, approval = 'required', formula } = answer;
    const open = formula ? toFill(formula, approval, purpose) : [];
    const used = inForce.rows.filter(({ commitment }) => said.considered.includes(commitment));
    return {
      class: dataClass,
      sections: deals.reduce((sum, { sections }) => sum + sections, 0),
      shareable: deals.some(({ shareable }) => shareable),
      outcome,
      ...(why ? { problem: why } : {}),
      ...(legalBasis ? { legalBasis } : {}),
      rules,
      obligations,
      consent: said.said,
      consents: used.map(({ consentId: id, version }) => ({ id, version })),
      approval,
      // services answer by themselves; people are still to be asked
      approvals: approval === 'required' ? open.filter((leaf) => !/^(custodian|witness)@/.test(leaf)) : [],
      ...(formula ? { formula } : {}),
    };
  }

  /** Own staff are named by their user name, others by the pseudonym that receipts and approvals show. */
  private personOf({ institution, person }: Body['clinician']): string {
    if (person === undefined) return 'anybody';
    return institution === this.context.institution && person.length !== 43
      ? this.certificates.pseudonym(person)
      : person;
  }

  private async audit(principal: Principal, patient: string, purpose: string): Promise<void> {
    await this.context.audit.record({
      action: 'access.evaluated',
      outcome: 'success',
      purpose,
      agent: { person: this.certificates.pseudonym(principal.username), roles: [...principal.roles].slice(0, 20) },
      entities: [{ kind: 'patient', id: patient }],
    });
  }
}
