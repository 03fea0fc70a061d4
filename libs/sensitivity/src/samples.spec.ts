import { readFileSync } from 'node:fs';
import { classify, loadLabelPolicy, policyFiles } from './index.js';

const read = (name: string) => readFileSync(new URL(`../../../${name}`, import.meta.url));
const policy = loadLabelPolicy(
  Object.fromEntries(policyFiles.map((name) => [name, read(`policies/labels/${name}`).toString('utf8')])),
);
const golden = 'libs/fhir/src/mapping/golden';

describe('the samples', () => {
  it.each<[string, number, Record<string, number>]>([
    ['samples/bundle-mei-lin-encounter.json', 3, { ordinary: 5 }],
    [`${golden}/adt-a01-mei-lin.json`, 3, { ordinary: 6 }],
    [`${golden}/adt-a04-chen-xiaodong-gb18030.json`, 2, { ordinary: 3 }],
    [`${golden}/oru-r01-mei-lin-labs.json`, 3, { ordinary: 12 }],
    // header, patient and encounter stay ordinary; order, report and both results do not
    [`${golden}/oru-r01-mei-lin-hiv.json`, 5, { ordinary: 3, 'sensitive:hiv': 4 }],
  ])('%s has level %i and sections %j', (name, level, sections) => {
    const found = classify(new Uint8Array(read(name)), policy);
    expect(found.level).toBe(level);
    expect(Object.fromEntries(found.sections.map((section) => [section.class, section.entries.length]))).toEqual(
      sections,
    );
  });

  it('leave no trace of the HIV test in the ordinary section', () => {
    const [ordinary] = classify(new Uint8Array(read(`${golden}/oru-r01-mei-lin-hiv.json`)), policy).sections;
    expect(new TextDecoder().decode(ordinary?.bytes)).not.toMatch(/hiv|immunodef|75622|7917-8|20447|Z21/i);
  });
});
