import { killOf, kill } from './kill.campaign.js';
import { victims } from '../../faults/under-fire.js';

const seed = 20261127;

// named points, one by one, and its planted defects: tests/faults/kill.spec.ts
describe('kills at any moment', () => {
  it('lose nothing, double nothing', async () => {
    const { counts, findings } = await kill.run({ seed, from: 0, to: 3, onProgress: () => undefined });
    expect(findings).toEqual([]);
    expect(counts['acknowledged']).toBeGreaterThanOrEqual(150);
  }, 300_000);

  it('are of every victim, at points and whenever', () => {
    const kills = Array.from({ length: 200 }, (_, unit) => killOf(seed, unit));
    for (const victim of victims)
      for (const how of ['point', 'after'])
        expect(kills.filter((one) => one.victim === victim && how in one).length).toBeGreaterThan(15);
  });
});
