import { isProblemCode, problem, type Problem } from '@medshare/problems';
import type { MemberFinding } from '../finding.js';
import type { Endorsement, Executed, Outcome } from './messages.js';

/** What came of asking one member: a checked endorsement, or why there is none. */
export type Reply =
  | { readonly institution: string; readonly endorsement: Endorsement; readonly outcome: Outcome }
  | { readonly institution: string; readonly problem: Problem };

export type Endorsed = Extract<Reply, { endorsement: Endorsement }>;

export type Judgement =
  | { readonly kind: 'agreed'; readonly outcome: Executed; readonly endorsements: readonly Endorsement[] }
  /** Members stand at different heights: ask afresh in a moment. */
  | { readonly kind: 'lagging'; readonly institutions: readonly string[] }
  | { readonly kind: 'refused'; readonly problem: Problem };

export const isEndorsed = (reply: Reply): reply is Endorsed => 'endorsement' in reply;

/**
 * Decides on the replies that are there. A success needs enough equal outcomes, and waits for nobody else: a stale one is caught by the
 * versions that it read. A refusal waits for every reply, for a member that is ahead may know better.
 *
 * @returns undefined while replies that may come can still decide
 */
export function judge(replies: readonly Reply[], pending: number, needed: number, own: string): Judgement | undefined {
  const endorsed = replies.filter(isEndorsed);
  const group = largestGroup(endorsed, own);
  const first = group[0];
  if (first !== undefined && group.length >= needed) {
    const { outcome } = first;
    if (outcome.kind === 'done')
      return { kind: 'agreed', outcome, endorsements: group.map(({ endorsement }) => endorsement) };
    if (pending > 0) return undefined;
    return aheadOf(group, endorsed) ?? { kind: 'refused', problem: refusalOf(outcome) };
  }
  return pending > 0 ? undefined : blame(replies, endorsed, group, needed, own);
}

/** What the members outside the group did differently, as far as a difference in height does not explain it. */
export function deviations(replies: readonly Reply[], group: readonly Endorsement[]): MemberFinding[] {
  const [first] = group;
  if (first === undefined) return [];
  return replies.flatMap((reply): MemberFinding[] => {
    if (!isEndorsed(reply)) return clockFinding(reply);
    const { endorsement: other, institution } = reply;
    const same = group.find(({ height }) => height === other.height);
    if (same !== undefined && same.head !== other.head) {
      return [{ institution, code: 'ledger.tampered', detail: `shows another block ${other.height}` }];
    }
    if (other.chaincode !== first.chaincode) {
      return [{ institution, code: 'ledger.chaincode-mismatch', detail: 'runs other chaincode' }];
    }
    const differs = other.outcome !== first.outcome && same !== undefined;
    return differs ? [{ institution, code: 'ledger.endorsement-mismatch', detail: 'came to another result' }] : [];
  });
}

const clockFinding = ({ institution, problem: { code } }: Extract<Reply, { problem: Problem }>): MemberFinding[] =>
  code === 'ledger.clock' || code === 'ledger.endorsement-mismatch'
    ? [{ institution, code, detail: code === 'ledger.clock' ? 'its clock differs' : 'its endorsement does not verify' }]
    : [];

/** Equal chaincode and outcome; of two groups of one size the one that holds the member itself. */
function largestGroup(endorsed: readonly Endorsed[], own: string): readonly Endorsed[] {
  const groups = new Map<string, Endorsed[]>();
  for (const one of endorsed) {
    const key = `${one.endorsement.chaincode} ${one.endorsement.outcome}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const weight = (group: readonly Endorsed[]) =>
    group.length * 2 + (group.some(({ institution }) => institution === own) ? 1 : 0);
  return [...groups.values()].reduce<readonly Endorsed[]>((best, one) => (weight(one) > weight(best) ? one : best), []);
}

function aheadOf(group: readonly Endorsed[], endorsed: readonly Endorsed[]): Judgement | undefined {
  const height = Math.max(...group.map(({ endorsement }) => endorsement.height));
  const ahead = endorsed.some((one) => !group.includes(one) && one.endorsement.height > height);
  return ahead ? { kind: 'lagging', institutions: group.map(({ institution }) => institution) } : undefined;
}

/** Without a quorum: the clock, the chaincode, the heights and the results are looked at in this order, and whoever differs is named. */
function blame(
  replies: readonly Reply[],
  endorsed: readonly Endorsed[],
  group: readonly Endorsed[],
  needed: number,
  own: string,
): Judgement {
  const refused = (code: Problem['code'], institutions: readonly string[], detail: string): Judgement => ({
    kind: 'refused',
    problem: problem(code, { where: institutions.join(','), detail }),
  });
  const failed = replies.filter((reply) => !isEndorsed(reply)) as Extract<Reply, { problem: Problem }>[];
  if (endorsed.length < needed) {
    const code = (['ledger.clock', 'ledger.endorsement-mismatch', 'access.forged'] as const).find((one) =>
      failed.some((reply) => reply.problem.code === one),
    );
    const named = code === undefined ? failed : failed.filter((reply) => reply.problem.code === code);
    const detail = `${endorsed.length} of ${needed} members endorse`;
    return refused(
      code ?? 'ledger.unavailable',
      named.map(({ institution }) => institution),
      detail,
    );
  }
  const reference = endorsed.find(({ institution }) => institution === own) ?? group[0]!;
  const others = (differs: (one: Endorsed) => boolean) =>
    endorsed.filter(differs).map(({ institution }) => institution);
  const otherCode = others(({ endorsement }) => endorsement.chaincode !== majorityChaincode(endorsed, reference));
  if (otherCode.length > 0) return refused('ledger.chaincode-mismatch', otherCode, 'members run other chaincode');
  const heights = new Set(endorsed.map(({ endorsement }) => endorsement.height));
  if (heights.size > 1) return { kind: 'lagging', institutions: endorsed.map(({ institution }) => institution) };
  const otherResult = others(({ endorsement }) => endorsement.outcome !== reference.endorsement.outcome);
  return refused('ledger.endorsement-mismatch', otherResult, 'members came to another result');
}

function majorityChaincode(endorsed: readonly Endorsed[], reference: Endorsed): string {
  const count = (hash: string) => endorsed.filter(({ endorsement }) => endorsement.chaincode === hash).length;
  return endorsed
    .map(({ endorsement }) => endorsement.chaincode)
    .reduce((best, hash) => (count(hash) > count(best) ? hash : best), reference.endorsement.chaincode);
}

function refusalOf(outcome: Extract<Outcome, { kind: 'refused' }>): Problem {
  const { code, where, detail } = outcome;
  return problem(isProblemCode(code) ? code : 'ledger.refused', { where, detail });
}
