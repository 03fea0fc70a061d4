import { nothing, together } from './campaign.js';
import { Chance } from './chance.js';

describe('what parts found', () => {
  const part = (n: number) => ({
    counts: { seen: n },
    peaks: { MB: n },
    findings: [{ unit: n, what: 'x', detail: '' }],
    notes: [{ unit: n, what: 'y', detail: '' }],
  });

  it('is added, of figures the highest kept, in whatever parts the whole was cut', () => {
    const [a, b, c] = [part(1), part(5), part(3)];
    expect(together(together(a, b), c)).toEqual(together(a, together(b, c)));
    expect(together(together(a, b), c)).toMatchObject({ counts: { seen: 9 }, peaks: { MB: 5 } });
    expect(together(nothing, a)).toEqual(a);
  });
});

describe('chance', () => {
  it('is the same for the same seed and unit, and spread over its range', () => {
    const drawn = (seed: number, unit: number) => {
      const chance = new Chance(seed, unit);
      return Array.from({ length: 4_000 }, () => chance.next());
    };
    expect(drawn(1, 1)).toEqual(drawn(1, 1));
    const chance = new Chance(3, 4);
    const counts = new Array<number>(10).fill(0);
    for (let n = 0; n < 10_000; n += 1) counts[chance.below(10)]! += 1;
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});
