import type { Finding } from '../campaign.js';
import { cpuOf, yardstick, yardstickMs } from './cpu-time.js';
import type { Target, Verdict } from './targets.js';

/** Most CPU time that an input may take, three times running, ms of a machine that does the yardstick in `yardstickMs`. */
export const cpuLimit = 50;

/** What was found wrong with one input, and what became of it. */
export interface Judgement {
  readonly outcome: 'accepted' | 'refused' | 'crashed';
  readonly finding?: Omit<Finding, 'unit'>;
}

/** Runs a target on an input: no crash, no hang, and a refusal names the place. */
export function judge(target: Target, input: Uint8Array): Judgement {
  const began = performance.now();
  let verdict: Verdict;
  try {
    verdict = target(input);
  } catch (caught) {
    return { outcome: 'crashed', finding: { what: 'crash', detail: briefly(caught) } };
  }
  const outcome = 'accepted' in verdict ? 'accepted' : 'refused';
  const slow = performance.now() - began > cpuLimit ? slowAgain(target, input) : undefined;
  if (slow !== undefined)
    return { outcome, finding: { what: 'hang', detail: `${slow} ms of CPU at least, three times running` } };
  if ('accepted' in verdict) return { outcome };
  const placeless = verdict.problems.find(({ where, code }) => !where && !wholeInput.includes(code));
  if (verdict.problems.length === 0) return { outcome, finding: { what: 'refused without a reason', detail: '' } };
  if (placeless)
    return {
      outcome,
      finding: { what: 'refused without a place', detail: `${placeless.code}: ${placeless.detail ?? ''}` },
    };
  return { outcome };
}

/** Problems of an input as a whole: there is no place in it to name. */
const wholeInput: readonly string[] = ['hl7.framing', 'hl7.truncated', 'hl7.too-large', 'request.too-large'];

/**
 * Wall time can be somebody else's, CPU time of this thread cannot; and where the machine is slow or its core is shared, so is the
 * yardstick beside it.
 * @returns the least of three runs, ms of the yardstick's machine, when all are over the limit
 */
function slowAgain(target: Target, input: Uint8Array): number | undefined {
  let least = Infinity;
  for (let n = 0; n < 3; n += 1) {
    const slowness = cpuOf(yardstick) / yardstickMs;
    least = Math.min(least, cpuOf(() => target(input)) / Math.max(1, slowness));
  }
  return least > cpuLimit ? Math.round(least) : undefined;
}

const briefly = (caught: unknown): string =>
  caught instanceof Error
    ? (caught.stack ?? caught.message).split('\n').slice(0, 4).join(' | ').slice(0, 500)
    : String(caught);
