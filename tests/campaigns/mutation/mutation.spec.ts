import { mkdir, readFile } from 'node:fs/promises';
import { Chance } from '../chance.js';
import { files } from './areas.js';
import { mutateFile } from './mutate-file.js';

/** Of the file and of its lines. */
const seed = 20261127;
/** Lines of the sample. */
const lines = 24;

describe('mutants of what decides', () => {
  beforeAll(() => mkdir('.campaigns', { recursive: true }));

  it('are noticed by unit tests: a sample', async () => {
    const chance = new Chance(seed, 0);
    const { file } = chance.pick(files);
    const length = (await readFile(file, 'utf8')).split('\n').length;
    const from = 1 + chance.below(Math.max(1, length - lines));
    const { killed, timedOut, survivors } = await mutateFile(file, {
      lines: { from, to: from + lines },
      concurrency: 1,
    });
    expect(survivors.length).toBeLessThanOrEqual(Math.max(3, 0.3 * (killed + timedOut + survivors.length)));
  }, 600_000);

  it('survive where a test runs a decision and does not look at it', async () => {
    const file = 'tests/campaigns/mutation/planted.ts';
    const { killed, survivors } = await mutateFile(file, { concurrency: 1 });
    expect(killed).toBeGreaterThan(2);
    expect(survivors.length).toBeGreaterThan(2);
    expect(new Set(survivors.map((one) => `${one.file}:${one.line}`))).toEqual(new Set([`${file}:3`]));
  }, 600_000);
});
