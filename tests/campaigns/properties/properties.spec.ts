import { mkdir } from 'node:fs/promises';
import { tryProperties } from './try-properties.js';

const seed = 20261127;

describe('properties on another seed', () => {
  beforeAll(() => mkdir('.campaigns', { recursive: true }));

  it('hold: a sample', async () => {
    const { passed, broken } = await tryProperties({ seed, runs: 1_000, only: 'libs/(hl7|problems)/' });
    expect(broken).toEqual([]);
    expect(passed).toBeGreaterThan(50);
  }, 600_000);

  it('are found broken where one does not hold in every case, with what shows it again', async () => {
    const planted = { seed, only: 'properties/planted' };
    const { broken } = await tryProperties({ ...planted, runs: 20_000 });
    expect(broken).toEqual([
      {
        test: 'tests/campaigns/properties/planted.test.ts holds in nearly every case',
        detail: expect.stringMatching(
          /Property failed.* seed: 20261127, path: .*Counterexample: \[\[4,0,7\]\]/,
        ) as string,
      },
    ]);
    expect(await tryProperties({ ...planted, runs: 1 })).toEqual({ passed: 1, broken: [] });
  }, 120_000);
});
