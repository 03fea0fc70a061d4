import { StackUnderFire } from '../../stack/stack-under-fire.js';
import { usualStack } from '../../stack/usual-stack.js';
import { nothing, together, type Campaign, type Finding, type Outcome, type Part } from '../campaign.js';
import { Chance } from '../chance.js';

/** Messages that must have been acknowledged around each round; another number by STACK_KILL_MESSAGES. */
const messages = Number(process.env['STACK_KILL_MESSAGES'] ?? 1_000);
const rounds = 6;
/** Between two messages of a patient, ms. */
const pause = 100;

// a sample: tests/stack/kills.spec.ts
export const replicas: Campaign = {
  name: 'replicas',
  about: `two processes of each role on the stack, all restarted in an order of its own in each of ${rounds} rounds, ${messages.toLocaleString('en')} acknowledged messages around each`,
  units: rounds,
  part: 1,
  async run({ seed, from, to, last, onProgress }: Part): Promise<Outcome> {
    const fire = await StackUnderFire.start(await usualStack(), 2, pause);
    let outcome = nothing;
    try {
      for (let unit = from; unit < to; unit += 1) {
        const order = new Chance(seed, unit).shuffled(fire.processes.names());
        const { acknowledged, caughtUpMs, broken } = await fire.restart(order, messages);
        const found = (what: string, details: readonly string[]): Finding[] =>
          details.map((detail) => ({ unit, what, detail }));
        const walked = last === true && unit === to - 1;
        const disagreements = walked ? (await fire.fsck()).map((one) => JSON.stringify(one)) : [];
        outcome = together(outcome, {
          counts: { restarted: order.length, acknowledged, 'stores walked': Number(walked) },
          peaks: { 'caught up, ms': caughtUpMs },
          findings: [...found(order.join(' '), broken), ...found('fsck', disagreements)],
        });
        onProgress(unit + 1 - from);
      }
      return together(outcome, { counts: { 'sent again': fire.hospital.repeated }, peaks: {}, findings: [] });
    } finally {
      await fire.close();
    }
  },
};
