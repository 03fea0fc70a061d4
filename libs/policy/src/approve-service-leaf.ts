import { leavesOf, satisfies, type Formula } from '@medshare/crypto/formula';
import type { AccessPolicy } from './access-policy.js';
import type { DecisionInput } from './decision.js';

/** What an institution keeps to itself: whom its custodian never answers. */
export type DenialList = { readonly institutions: readonly string[]; readonly persons: readonly string[] };

export type ServiceLeafInput = Pick<DecisionInput, 'requester' | 'owner' | 'class' | 'purpose'> & {
  /** What has to be filled, with `<role>@<institution>` leaves. */
  readonly formula: Formula;
};

export type ServiceLeafAnswer = {
  readonly approves: boolean;
  /** why not, for the audit log; never sent to the requester */
  readonly reason?: 'not-a-member' | 'no-legal-basis' | 'denied-institution' | 'denied-person' | 'people-must-approve';
};

/**
 * Whether an institution's `custodian` service fills its leaf by itself. It looks at purpose, legal basis, membership and its own denial
 * list only: whether the people of the formula approved is the chain's to enforce. Where the law wants people, a formula that services
 * could fill among themselves is not theirs to fill.
 */
export function serviceLeafApproves(
  policy: AccessPolicy,
  input: ServiceLeafInput,
  denials: DenialList,
): ServiceLeafAnswer {
  const { requester, owner } = input;
  const refuse = (reason: NonNullable<ServiceLeafAnswer['reason']>) => ({ approves: false, reason });
  if (!policy.members.has(requester.institution) || !policy.members.has(owner)) return refuse('not-a-member');
  if (denials.institutions.includes(requester.institution)) return refuse('denied-institution');
  if (denials.persons.includes(requester.person)) return refuse('denied-person');
  const covered = policy.legalBasis(input.purpose, requester.roles, input.class);
  if (covered.length === 0) return refuse('no-legal-basis');
  const byPeople = covered.every(({ row }) => row.approval === 'required');
  return byPeople && servicesFill(input.formula) ? refuse('people-must-approve') : { approves: true };
}

/** Whether custodians' services together would fill the formula with no person among them. */
const servicesFill = (formula: Formula): boolean =>
  satisfies(formula, new Set([...leavesOf(formula)].filter((leaf) => leaf.startsWith('custodian@'))));
