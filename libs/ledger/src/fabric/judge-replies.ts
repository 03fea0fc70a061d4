import { canonical } from '@medshare/crypto';
import { problem, type Problem, type ProblemCode } from '@medshare/problems';
import type { MemberFinding } from '../finding.js';
import type { Reply } from './ask-organisation.js';
import type { Endorsed } from './endorsed.js';

type Result = Extract<Reply, { kind: 'endorsed' }>;

export type Judgement =
  | { readonly kind: 'agreed'; readonly endorsed: readonly Endorsed[]; readonly institutions: readonly string[] }
  | { readonly kind: 'refused'; readonly problem: Problem }
  /** Organisations came to different ends, as those do that stand at different heights: ask afresh in a moment. */
  | { readonly kind: 'lagging'; readonly blame: Problem };

/**
 * Decides on the replies that are there. A success needs enough equal results and waits for nobody else: a stale one loses at the commit.
 * A refusal waits for every reply, for an organisation that is ahead may know better.
 *
 * @returns undefined while replies that may come can still decide
 */
export function judge(replies: readonly Reply[], pending: number, needed: number): Judgement | undefined {
  const results = replies.filter((reply) => reply.kind === 'endorsed');
  const largest = largestBy(results, ({ endorsed }) => endorsed.result);
  if (largest.length >= needed) {
    const institutions = largest.map(({ institution }) => institution);
    return { kind: 'agreed', endorsed: largest.map(({ endorsed }) => endorsed), institutions };
  }
  if (pending > 0) return undefined;
  const refusals = replies.filter((reply) => reply.kind === 'refused');
  const group = largestBy(refusals, ({ problem: { code, where, detail } }) =>
    canonical({ code, where, detail } as never),
  );
  if (results.length === 0 && group.length >= needed) return { kind: 'refused', problem: group[0]!.problem };
  if (results.length + refusals.length < needed) return { kind: 'refused', problem: withoutQuorum(replies, needed) };
  return { kind: 'lagging', blame: blame(results, largest) };
}

/** What organisations outside the group did differently, as far as a difference in height does not explain it. */
export function deviations(replies: readonly Reply[], group: readonly Endorsed[]): MemberFinding[] {
  const [first] = group;
  if (first === undefined) return [];
  return replies.flatMap((reply): MemberFinding[] => {
    const { institution } = reply;
    if (reply.kind === 'endorsed') {
      const differs = reply.endorsed.result !== first.result && reply.endorsed.reads === first.reads;
      return differs ? [{ institution, code: 'ledger.endorsement-mismatch', detail: 'came to another result' }] : [];
    }
    const { code } = reply.problem;
    if (code === 'ledger.clock') return [{ institution, code, detail: 'its clock differs' }];
    return code === 'ledger.chaincode-mismatch' ? [{ institution, code, detail: 'does not run this chaincode' }] : [];
  });
}

/** Too few have a result: the clock and the code are looked at before who is away. */
function withoutQuorum(replies: readonly Reply[], needed: number): Problem {
  const none = replies.filter((reply) => reply.kind === 'none');
  const order: ProblemCode[] = ['ledger.clock', 'ledger.chaincode-mismatch'];
  const code = order.find((one) => none.some(({ problem: { code: is } }) => is === one)) ?? 'ledger.unavailable';
  const named = none.filter(({ problem: { code: is } }) => code === 'ledger.unavailable' || is === code);
  const where = named.map(({ institution }) => institution).join(',');
  const first = named.find(({ problem: one }) => one.code === code)?.problem;
  const detail = `${replies.length - none.length} of ${needed} organisations endorse: ${first?.detail ?? 'no answer'}`;
  return problem(code, { where, detail, cause: first?.cause });
}

/** Only who read the same and came to another end did wrong; where reads differ, or one of two refuses, heights may explain it. */
function blame(results: readonly Result[], largest: readonly Result[]): Problem {
  const reference = largest[0]?.endorsed;
  const others = results.filter(
    ({ endorsed }) => reference && endorsed.result !== reference.result && endorsed.reads === reference.reads,
  );
  if (others.length === 0) return problem('ledger.unavailable', { detail: 'organisations stay at different heights' });
  const where = others.map(({ institution }) => institution).join(',');
  return problem('ledger.endorsement-mismatch', { where, detail: 'organisations came to another result' });
}

function largestBy<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups.values()].reduce<readonly T[]>((best, one) => (one.length > best.length ? one : best), []);
}
