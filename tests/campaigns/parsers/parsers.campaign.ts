import { Worker } from 'node:worker_threads';
import { nothing, together, type Campaign, type Finding, type Outcome, type Part } from '../campaign.js';
import type { Done, Work } from './worker.js';

/** A thread that judges one input for so long hangs, ms of CPU: on a busy machine a second may be any time. */
const patience = 60_000;
/** Most that all live objects of a part may take, MiB: inputs are at most 256 KiB. */
const heapMb = 384;
/** Most resident memory of the process, MB. */
const residentMb = 1_200;
const loader = new URL('../../../libs/testkit/loader/register.mjs', import.meta.url);

/** Inputs that no parser may crash on, hang over, or refuse without naming the place. */
export const parsers: Campaign = {
  name: 'parsers',
  about: 'mutated inputs over HL7 v2, MLLP and FHIR JSON: no crash, no hang, memory bounded, a refusal names the place',
  units: 1_000_000,
  part: 20_000,
  async run({ seed, from, to, onProgress }: Part): Promise<Outcome> {
    let outcome = nothing;
    for (let next = from; next < to;) {
      const { done, stoppedAt, finding } = await judgeFrom({ seed, from: next, to }, (unit) => onProgress(unit - from));
      const findings = [...(done?.findings ?? []), ...(finding ? [finding] : [])];
      outcome = together(outcome, { counts: done?.counts ?? {}, peaks: { 'resident MB': done?.rssMb ?? 0 }, findings });
      next = stoppedAt + 1;
    }
    const resident = outcome.peaks['resident MB'] ?? 0;
    if (resident <= residentMb) return outcome;
    return together(outcome, {
      ...nothing,
      findings: [{ unit: from, what: 'memory', detail: `${resident} MB resident` }],
    });
  },
};

/** CPU time of this process with all its threads, ms; beside the one that judges they do nothing. */
const cpuNow = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

interface Judged {
  readonly done?: Done;
  readonly stoppedAt: number;
  readonly finding?: Finding;
}

/** @returns what the thread found, or at which input it had to be ended */
function judgeFrom(
  part: { seed: number; from: number; to: number },
  onProgress: (unit: number) => void,
): Promise<Judged> {
  const at = new SharedArrayBuffer(4);
  const where = new Int32Array(at);
  Atomics.store(where, 0, part.from);
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { ...part, at } satisfies Work,
    execArgv: ['--import', loader.href],
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
  });
  return new Promise((resolve) => {
    let [last, since] = [part.from, cpuNow()];
    const watch = setInterval(() => {
      const unit = Atomics.load(where, 0);
      onProgress(unit);
      if (unit !== last) [last, since] = [unit, cpuNow()];
      else if (cpuNow() - since > patience) end({ what: 'hang', detail: `not done after ${patience} ms of CPU` });
    }, 500);
    const end = (finding: Omit<Finding, 'unit'>) => {
      clearInterval(watch);
      const stoppedAt = Atomics.load(where, 0);
      void worker.terminate().then(() => resolve({ stoppedAt, finding: { unit: stoppedAt, ...finding } }));
    };
    worker.once('message', (done: Done) => {
      clearInterval(watch);
      resolve({ done, stoppedAt: part.to - 1 });
    });
    worker.once('error', (caught: Error & { code?: string }) =>
      end({
        what: caught.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory' : 'crash',
        detail: caught.stack ?? caught.message,
      }),
    );
  });
}
