import { mkdir } from 'node:fs/promises';
import { nothing, together, type Campaign, type Outcome, type Part } from '../campaign.js';
import { files } from './areas.js';
import { mutateFile } from './mutate-file.js';

/** Least share of mutants that tests must notice in each area (an aim: what is below is in the notes, line by line). */
export const aim = 0.85;

export const mutation: Campaign = {
  name: 'mutation',
  about: 'files of policy, formula, sealing and acknowledgement, each mutant of which a unit test should notice',
  units: files.length,
  part: 1,
  async run({ from, to, onProgress }: Part): Promise<Outcome> {
    await mkdir('.campaigns', { recursive: true });
    let outcome = nothing;
    for (let unit = from; unit < to; unit += 1) {
      const { area, file } = files[unit]!;
      const { killed, timedOut, survivors } = await mutateFile(file);
      const notes = survivors.map(({ line, mutator, replacement }) => ({
        unit,
        what: `${file}:${line}`,
        detail: `${mutator} → ${replacement}`,
      }));
      const counts = {
        [`${area} killed`]: killed,
        [`${area} timed out`]: timedOut,
        [`${area} survived`]: survivors.length,
      };
      outcome = together(outcome, { counts, peaks: {}, findings: [], notes });
      onProgress(unit + 1 - from);
    }
    return outcome;
  },
};
