import type { Decision, DecisionInput, DecisionReceipt } from './decision.js';

/**
 * Puts a decision down as plain data. A receipt quotes the decision, it does not decide; signing it is the caller's.
 * @param about id (UUID) and time (ms since the epoch) given by the caller's randomness and clock
 */
export function writeReceipt(
  decision: Decision,
  input: DecisionInput,
  about: { readonly id: string; readonly time: number; readonly consents?: readonly string[] },
): DecisionReceipt {
  const { requester, purpose, owner } = input;
  return {
    version: 1,
    id: about.id,
    policyHash: decision.policyHash,
    ...(decision.legalBasis === undefined ? {} : { legalBasis: decision.legalBasis }),
    rules: decision.rules,
    obligations: decision.obligations,
    consents: about.consents ?? [],
    enforced: 'mathematics',
    outcome: decision.outcome,
    ...(decision.problem === undefined ? {} : { problem: decision.problem }),
    purpose,
    class: input.class,
    requester: { institution: requester.institution, person: requester.person, roles: [...requester.roles] },
    owner,
    time: about.time,
  };
}
