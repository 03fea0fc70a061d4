import { byServices, isServiceLeaf, servicesFill, withPeople } from '@medshare/crypto/fill-rule';
import { leavesOf, type Formula } from '@medshare/crypto/formula';
import { emergencyPurpose, emergencyRole } from '@medshare/events/chain';
import type { AccessPolicy } from './access-policy.js';
import type { DecisionInput } from './decision.js';

/** What an institution keeps to itself: whom its custodian never answers. */
export type DenialList = { readonly institutions: readonly string[]; readonly persons: readonly string[] };

export type ServiceLeafInput = Pick<DecisionInput, 'requester' | 'owner' | 'class' | 'purpose'> & {
  /** What has to be filled, with `<role>@<institution>` leaves. */
  readonly formula: Formula;
  /** Whether the request itself says that people must approve. */
  readonly approval: 'none' | 'required';
};

export type ServiceLeafAnswer = {
  readonly approves: boolean;
  /** this institution's own leaves to fill, given that it approves */
  readonly leaves: readonly string[];
  /** why not, for the audit log; never sent to the requester */
  readonly reason?: 'not-a-member' | 'no-legal-basis' | 'denied-institution' | 'denied-person' | 'people-must-approve';
};

/**
 * Whether an institution's service fills its leaves by itself, and which. It looks at purpose, legal basis, membership and its own denial
 * list only: whether the people of the formula approved is the chain's to enforce. Where the law wants people, alternatives that services
 * could fill among themselves are not theirs to fill, and a request that does not say that people must approve is not answered.
 * @param institution whose service it is
 */
export function serviceLeafApproves(
  policy: AccessPolicy,
  input: ServiceLeafInput,
  denials: DenialList,
  institution: string,
): ServiceLeafAnswer {
  const { requester, owner } = input;
  const refuse = (reason: NonNullable<ServiceLeafAnswer['reason']>) => ({ approves: false, leaves: [], reason });
  if (!policy.members.has(requester.institution) || !policy.members.has(owner)) return refuse('not-a-member');
  if (denials.institutions.includes(requester.institution)) return refuse('denied-institution');
  if (denials.persons.includes(requester.person)) return refuse('denied-person');
  const covered = policy.legalBasis(input.purpose, requester.roles, input.class);
  if (covered.length === 0) return refuse('no-legal-basis');
  const byPeople = covered.every(({ row }) => row.approval === 'required');
  if (byPeople && input.approval === 'none' && servicesFill(input.formula)) return refuse('people-must-approve');
  const open = toFill(input.formula, input.approval, input.purpose);
  const leaves = open.filter((leaf) => isServiceLeaf(leaf) && leaf.endsWith(`@${institution}`));
  return leaves.length > 0 ? { approves: true, leaves } : refuse('people-must-approve');
}

/**
 * @returns the leaves that are anybody's to fill for a request: with people where they must approve, else services' own if they have some;
 * the places of emergency departments in emergencies only
 */
export function toFill(formula: Formula, approval: 'none' | 'required', purpose: string): string[] {
  const open = approval === 'required' ? withPeople(formula) : byServices(formula);
  const leaves = open === null ? [] : leavesOf(open);
  return purpose === emergencyPurpose ? leaves : leaves.filter((leaf) => !leaf.startsWith(`${emergencyRole}@`));
}
