import type { AccessPolicy } from './access-policy.js';
import type { CedarAnswer, CedarQuestion } from './cedar.js';
import type { Decision, DecisionInput } from './decision.js';
import type { LegalBasisMatch } from './legal-basis.js';

/**
 * Decides: legal basis, then Cedar, then the patient's consents, then obligations. Deny is the default, and anything that fails is a deny.
 * If a person has several roles, the rows that cover them are tried in the file's order and the first permit stands; forbids that look at
 * all roles still hold.
 */
export function decide(policy: AccessPolicy, input: DecisionInput): Decision {
  if (!isSound(input)) return deny(policy, 'request.invalid', []);
  const matches = policy.legalBasis(input.purpose, input.requester.roles, input.class);
  const formulaName = policy.formulaNameOf(input.class);
  if (matches.length === 0 || formulaName === undefined) return deny(policy, 'access.no-legal-basis', []);
  const decisions = matches.map((match) => decideRow(policy, input, match, formulaName));
  return decisions.find(({ outcome }) => outcome === 'permit') ?? decisions[0] ?? deny(policy, 'access.denied', []);
}

function decideRow(policy: AccessPolicy, input: DecisionInput, match: LegalBasisMatch, formulaName: string): Decision {
  const { row } = match;
  const legalBasis = `${policy.legal.jurisdiction}:${row.id}`;
  const policySays = askCedar(policy, input, match);
  const said = policySays.allowed ? byConsent(row.consent, input, policySays) : policySays;
  const rules = [`legal.${row.id}`, ...said.rules];
  if (!said.allowed) return { ...deny(policy, 'access.denied', rules), legalBasis, approval: row.approval };
  const obligations = obligationsOf(match, input);
  return {
    outcome: 'permit',
    legalBasis,
    formulaName,
    approval: row.approval,
    rules,
    obligations,
    policyHash: policy.hash,
  };
}

const deny = (policy: AccessPolicy, problem: NonNullable<Decision['problem']>, rules: readonly string[]): Decision => ({
  outcome: 'deny',
  problem,
  approval: 'required',
  rules,
  obligations: [],
  policyHash: policy.hash,
});

/** Unknown is no consent where the patient has to agree first. */
function byConsent(rule: 'none' | 'opt-out' | 'opt-in', input: DecisionInput, allowed: CedarAnswer): CedarAnswer {
  if (rule === 'none') return allowed;
  const { consent, consentRules = [] } = input;
  const refused = rule === 'opt-in' ? consent !== 'given' : consent === 'refused';
  if (refused) return { allowed: false, rules: [`consent.${rule}`, ...consentRules] };
  return { ...allowed, rules: [...allowed.rules, ...consentRules] };
}

function askCedar(policy: AccessPolicy, input: DecisionInput, match: LegalBasisMatch) {
  try {
    return policy.cedar(questionOf(policy, input, match));
  } catch {
    return { allowed: false, rules: ['cedar.failure'] };
  }
}

function questionOf({ members }: AccessPolicy, input: DecisionInput, { row, role }: LegalBasisMatch): CedarQuestion {
  const { requester, owner, purpose, relation, requestedDays, level, hour } = input;
  const user = { type: 'User', id: requester.person };
  const section = { type: 'Section', id: 'asked' };
  const institution = (id: string) => ({
    uid: { type: 'Institution', id },
    attrs: { member: members.has(id) },
    parents: [],
  });
  const at = (id: string) => ({ __entity: { type: 'Institution', id } });
  const sensitive = input.class !== 'ordinary';
  return {
    principal: user,
    action: { type: 'Action', id: 'read' },
    resource: section,
    context: {
      purpose,
      relation,
      role,
      approval: row.approval,
      requestedDays,
      maxGrantDays: row.maxGrantDays,
      ...(hour === undefined ? {} : { hour }),
    },
    entities: [
      { uid: user, attrs: { institution: at(requester.institution), roles: [...requester.roles] }, parents: [] },
      { uid: section, attrs: { owner: at(owner), class: input.class, sensitive, level }, parents: [] },
      ...[...new Set([requester.institution, owner])].map(institution),
    ],
  };
}

const obligationsOf = ({ row }: LegalBasisMatch, { purpose, requestedDays }: DecisionInput): string[] => [
  `purpose-only:${purpose}`,
  `max-days:${Math.min(requestedDays, row.maxGrantDays)}`,
  `retain-days:${row.retentionDays}`,
  ...(row.consent === 'none' ? [] : [`consent:${row.consent}`]),
  ...row.obligations,
];

const isIn = (value: number, low: number, high: number) => Number.isInteger(value) && value >= low && value <= high;

function isSound(input: DecisionInput): boolean {
  const { requester, owner, level, requestedDays, relation, hour, consent } = input;
  return (
    /^(ordinary|sensitive:[a-z-]{2,30})$/.test(input.class) &&
    /^[A-Z]{2,16}$/.test(input.purpose) &&
    [owner, requester.institution].every((id) => /^[a-z][a-z0-9-]{1,30}$/.test(id)) &&
    requester.person.length > 0 &&
    requester.person.length <= 128 &&
    requester.roles.length <= 20 &&
    isIn(level, 1, 5) &&
    isIn(requestedDays, 1, 3650) &&
    ['treating', 'none'].includes(relation) &&
    (hour === undefined || isIn(hour, 0, 23)) &&
    [undefined, 'given', 'refused', 'unknown'].includes(consent)
  );
}
