import { problem } from '@medshare/problems';
import { Chance } from '../chance.js';
import { judge } from './judge.js';
import { mutant } from './mutate.js';
import { parsers } from './parsers.campaign.js';
import { seedsOf } from './seeds.js';
import type { Target } from './targets.js';

const sample = 3_000;
const seed = 20261127;

describe('parsers, fed with mutated inputs', () => {
  it('do not crash, hang or refuse without naming the place', async () => {
    const { counts, findings } = await parsers.run({ seed, from: 0, to: sample, onProgress: () => undefined });
    expect(findings).toEqual([]);
    expect(Object.values(counts).reduce((sum, n) => sum + n, 0)).toBe(sample);
    // inputs that all are refused at the first byte would hunt nothing
    for (const format of ['hl7v2', 'fhir'])
      for (const outcome of ['accepted', 'refused']) expect(counts[`${format} ${outcome}`]).toBeGreaterThan(10);
  }, 300_000);

  it('get the same inputs for the same seed and unit, others for others', () => {
    const seeds = seedsOf('hl7v2');
    const [one, again, other] = [7, 7, 8].map((unit) => mutant('hl7v2', seeds, new Chance(seed, unit)));
    expect(one).toEqual(again);
    expect(one).not.toEqual(other);
  });
});

describe('a planted defect is found', () => {
  const accepted = { accepted: true } as const;
  const spin = (): void => {
    const { user } = process.cpuUsage();
    while (process.cpuUsage().user - user < 400_000);
  };
  const planted: readonly (readonly [string, Target])[] = [
    [
      'crash',
      (bytes) => {
        if (bytes.includes(0x00)) throw new TypeError('planted');
        return accepted;
      },
    ],
    ['hang', (bytes) => (bytes.includes(0x00) && spin(), accepted)],
    [
      'refused without a place',
      (bytes) => (bytes.includes(0x00) ? { problems: [problem('hl7.data-type')] } : accepted),
    ],
    ['refused without a reason', (bytes) => (bytes.includes(0x00) ? { problems: [] } : accepted)],
  ];

  it.each(planted)('%s', (what, target) => {
    const seeds = seedsOf('hl7v2');
    const inputs = Array.from({ length: 2_000 }, (_, unit) => mutant('hl7v2', seeds, new Chance(seed, unit)));
    const found = inputs.find((input) => judge(target, input).finding);
    expect(found && judge(target, found).finding?.what).toBe(what);
  });
});
