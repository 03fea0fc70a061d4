import { mkdir } from 'node:fs/promises';
import { nothing, together, type Campaign, type Outcome, type Part } from '../campaign.js';
import { Chance } from '../chance.js';
import { tryProperties } from './try-properties.js';

/** Cases of each property that does not say itself how many; in every run of the tests a hundred. */
const runs = 1_000;

export const properties: Campaign = {
  name: 'properties',
  about: 'seeds, on each of which every property of the unit tests holds in a thousand cases',
  units: 50,
  part: 1,
  async run({ seed, from, to, onProgress }: Part): Promise<Outcome> {
    await mkdir('.campaigns', { recursive: true });
    let outcome = nothing;
    for (let unit = from; unit < to; unit += 1) {
      const drawn = new Chance(seed, unit).below(2 ** 31);
      const { passed, broken } = await tryProperties({ seed: drawn, runs });
      const findings = broken.map(({ test, detail }) => ({ unit, what: test, detail }));
      outcome = together(outcome, { counts: { 'tests passed': passed }, peaks: {}, findings });
      onProgress(unit + 1 - from);
    }
    return outcome;
  },
};
