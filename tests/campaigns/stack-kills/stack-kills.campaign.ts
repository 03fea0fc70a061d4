import { StackUnderFire, victims } from '../../stack/stack-under-fire.js';
import { usualStack } from '../../stack/usual-stack.js';
import { nothing, together, type Campaign, type Finding, type Outcome, type Part } from '../campaign.js';

/** Messages that must have been acknowledged around each kill; another number by STACK_KILL_MESSAGES. */
const messages = Number(process.env['STACK_KILL_MESSAGES'] ?? 5_000);
/** Between two messages of a patient, ms. */
const pause = 100;

// a small number of messages, and a planted defect: tests/stack/kills.spec.ts
export const stackKills: Campaign = {
  name: 'stack-kills',
  about: `SIGKILL of each server and role in turn on the stack, ${messages.toLocaleString('en')} acknowledged messages around each (npm run stack -- --help)`,
  units: victims.length,
  part: 1,
  async run({ from, to, last, onProgress }: Part): Promise<Outcome> {
    const fire = await StackUnderFire.start(await usualStack(), 1, pause);
    let outcome = nothing;
    try {
      for (let unit = from; unit < to; unit += 1) {
        const victim = victims[unit % victims.length]!;
        const found = (what: string, details: readonly string[]): Finding[] =>
          details.map((detail) => ({ unit, what, detail }));
        const { acknowledged, caughtUpMs, broken } = await fire.survive(victim, { messages });
        // every store is read to its end, of all that was sent so far
        const walked = last === true && unit === to - 1;
        const disagreements = walked ? (await fire.fsck()).map((one) => JSON.stringify(one)) : [];
        outcome = together(outcome, {
          counts: { [`${victim} killed`]: 1, acknowledged, 'stores walked': Number(walked) },
          peaks: { [`caught up after ${victim}, ms`]: caughtUpMs },
          findings: [...found(`${victim} killed`, broken), ...found('fsck', disagreements)],
        });
        onProgress(unit + 1 - from);
      }
      return together(outcome, { counts: { 'sent again': fire.hospital.repeated }, peaks: {}, findings: [] });
    } finally {
      await fire.close();
    }
  },
};
