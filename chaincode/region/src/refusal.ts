import { problem, type Problem, type ProblemCode } from '@medshare/problems';

/** The closed set of reasons for which the chaincode refuses; every one is a problem code, so that it crosses processes unchanged. */
export const refusals = [
  'ledger.refused',
  'access.denied',
  'access.self-approval',
  'access.person-twice',
  'access.not-a-leaf',
  'access.incomplete',
  'access.reason-missing',
  'access.forged',
  'access.expired',
  'access.revoked',
] as const satisfies readonly ProblemCode[];

export type Refusal = (typeof refusals)[number];

/** @returns the problem to throw; `detail` names the rule, `where` a field or an institution, neither a value */
export const refusal = (code: Refusal, detail: string, where?: string): Problem => problem(code, { detail, where });

/** Throws the refusal unless the condition holds. */
export function demand(condition: boolean, code: Refusal, detail: string, where?: string): asserts condition {
  if (!condition) throw refusal(code, detail, where);
}
