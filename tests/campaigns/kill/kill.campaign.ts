import { faultPoints } from '@medshare/telemetry/fault-point';
import { lastingFindings } from '../../faults/run-fsck.js';
import { UnderFire, victims, type Kill } from '../../faults/under-fire.js';
import { nothing, together, type Campaign, type Finding, type Outcome, type Part } from '../campaign.js';
import { Chance } from '../chance.js';

/** Messages that must have been acknowledged around each kill: 200 kills, 10,000 messages. */
const messages = 50;
/** Latest moment of a kill that waits for no point, ms. */
const latest = 1_500;

/** Half of the kills at a named point, half whenever. */
export function killOf(seed: number, unit: number): Kill {
  const chance = new Chance(seed, unit);
  const victim = chance.pick(victims);
  if (chance.below(2) === 0) return { victim, after: chance.below(latest) };
  return { victim, point: chance.pick(faultPoints), nth: 1 + chance.below(8) };
}

const named = (kill: Kill): string =>
  `${kill.victim} ${'point' in kill ? `at ${kill.point}, passing ${kill.nth}` : `after ${kill.after} ms`}`;

export const kill: Campaign = {
  name: 'kill',
  about: `SIGKILL of Node, PostgreSQL or both, ${messages} acknowledged messages around each: none lost, none doubled, in order`,
  units: 200,
  part: 10,
  async run({ seed, from, to, onProgress }: Part): Promise<Outcome> {
    const fire = await UnderFire.start();
    let outcome = nothing;
    const found = (unit: number, what: string, details: readonly string[]): Finding[] =>
      details.map((detail) => ({ unit, what, detail }));
    try {
      for (let unit = from; unit < to; unit += 1) {
        const one = killOf(seed, unit);
        await fire.ensureRunning();
        const broken = await fire
          .survive(one, messages)
          .catch((caught: unknown) => [`not survived: ${String(caught)}`]);
        outcome = together(outcome, {
          counts: { [`${one.victim} killed`]: 1 },
          peaks: {},
          findings: found(unit, named(one), broken),
        });
        onProgress(unit + 1 - from);
      }
      const counts = { acknowledged: fire.hospital.total, 'sent again': fire.hospital.repeated };
      const disagreements = (await lastingFindings(fire.demo.data)).map((one) => JSON.stringify(one));
      return together(outcome, { counts, peaks: {}, findings: found(to - 1, 'fsck', disagreements) });
    } finally {
      await fire.close();
    }
  },
};
