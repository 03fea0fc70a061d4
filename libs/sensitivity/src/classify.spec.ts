import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { classify, loadLabelPolicy, policyFiles, type Classification } from './index.js';

const at = (name: string) => new URL(`../../../policies/labels/${name}`, import.meta.url);
const files = Object.fromEntries(policyFiles.map((name) => [name, readFileSync(at(name), 'utf8')]));
const policy = loadLabelPolicy(files);

type Json = Record<string, unknown>;
const loinc = (code: string, display = '') => ({ coding: [{ system: 'http://loinc.org', code, display }] });
const icd = (code: string) => ({ coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code }] });
const entry = (resourceType: string, id: string, more: Json = {}) => ({
  fullUrl: `urn:uuid:${id}`,
  resource: { resourceType, id, ...more },
});
const ref = (id: string) => ({ reference: `urn:uuid:${id}` });
const bytesOf = (...entries: unknown[]) =>
  new TextEncoder().encode(JSON.stringify({ resourceType: 'Bundle', type: 'message', entry: entries }));
const run = (...entries: unknown[]) => classify(bytesOf(...entries), policy);
const classes = (result: Classification) => {
  const found: string[] = [];
  for (const section of result.sections) for (const position of section.entries) found[position] = section.class;
  return found;
};

const patient = entry('Patient', 'p', { name: [{ family: 'Schizophrenia', given: ['Hiv'] }] });
const glucose = entry('Observation', 'g', { code: loinc('2345-7', 'Glucose'), subject: ref('p') });
const hiv = entry('Observation', 'h', {
  code: loinc('75622-1', 'Antibody'),
  valueString: 'negative',
  subject: ref('p'),
});

describe('labels', () => {
  it('leaves an ordinary record whole', () => {
    const result = run(patient, glucose);
    expect(result).toMatchObject({ level: 3, confidentiality: 'N', labels: [], issues: [] });
    expect(result.policyVersion).toMatch(/^labels-1:[\w-]{43}$/);
    expect(classes(result)).toEqual(['ordinary', 'ordinary']);
  });

  it('says why, and quotes nothing', () => {
    const result = run(patient, hiv);
    expect(result).toMatchObject({ level: 5, confidentiality: 'V' });
    expect(result.labels).toEqual([
      {
        path: 'Bundle.entry[1].resource.code.coding[0]',
        confidentiality: 'V',
        category: 'HIV',
        basis: { rule: 'medshare.HIV', kind: 'code', system: 'http://loinc.org', valueSet: 'Hiv' },
      },
    ]);
    expect(classes(result)).toEqual(['ordinary', 'sensitive:hiv']);
  });

  it.each([
    ['B20', 'hiv'],
    ['z21', 'hiv'],
    ['F10.230', 'sud'],
    ['F1123', 'sud'],
    ['F32.9', 'psychiatry'],
    ['F03.90', 'psychiatry'],
    ['O04.5', 'reproductive'],
    ['Z33.2', 'reproductive'],
    ['T74.11XA', 'violence'],
    ['T76.22XA', 'violence'],
    ['Q90.9', 'genetics'],
    ['A54.9', 'std'],
  ])('ICD-10 %s is sensitive:%s', (code, category) => {
    expect(classes(run(entry('Condition', 'c', { code: icd(code) })))).toEqual([`sensitive:${category}`]);
  });

  it.each(['B19.9', 'E11.9', 'I10', 'J45', 'S72.001A', 'F', 'Z00.00', 'T73', 'garbage', ''])(
    'ICD-10 %p is ordinary',
    (code) => {
      expect(classes(run(entry('Condition', 'c', { code: icd(code) })))).toEqual(['ordinary']);
    },
  );

  it.each([
    ['an alias of the system', { system: 'urn:oid:2.16.840.1.113883.6.90', code: 'B20' }],
    ['another case and a slash', { system: 'HTTP://LOINC.org/', code: '75622-1' }],
    ['no system at all', { code: '75622-1' }],
    ['a SNOMED CT expression', { system: 'http://snomed.info/sct', code: '86406008 |HIV|:363698007=1' }],
    ['a label of the source', { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'HIV' }],
  ])('knows a code under %s', (_, coding) => {
    expect(classes(run(entry('Condition', 'c', { code: { coding: [coding] } })))).toEqual(['sensitive:hiv']);
  });

  it.each([
    ['a contained resource', { contained: [{ resourceType: 'Condition', code: icd('B20') }] }],
    ['an extension', { extension: [{ url: 'x', valueCodeableConcept: icd('B20') }] }],
    ['the narrative', { text: { status: 'generated', div: '<div>h<b>I</b>&#86;</div>' } }],
    ['a comment in the narrative', { text: { div: '<div><!-- HIV --></div>' } }],
    ['a note', { note: [{ text: 'started antiretroviral therapy' }] }],
    ['text content', { content: [{ attachment: { contentType: 'text/plain', data: btoa('HIV clinic') } }] }],
    ['an unknown element', { whatever: [[{ deep: 'HIV' }]] }],
    ['a display', { code: { coding: [{ system: 'urn:local', code: '1', display: 'HIV 1 Ab' }] } }],
  ])('looks into %s', (_, more) => {
    expect(classes(run(patient, entry('DocumentReference', 'd', more)))).toEqual(['ordinary', 'sensitive:hiv']);
  });

  it('does not trust what it cannot look into', () => {
    const pdf = { content: [{ attachment: { contentType: 'application/pdf', data: 'JVBERi0=' } }] };
    const result = run(entry('DocumentReference', 'd', pdf));
    expect(classes(result)).toEqual(['sensitive:unspecified']);
    expect(result.issues).toEqual([
      { code: 'not-inspected', path: 'Bundle.entry[0].resource.content[0].attachment.data' },
    ]);
    const gbk = { data: btoa('\xb0\xac\xd7\xcc'), contentType: 'text/plain' };
    expect(classes(run(entry('Binary', 'b', gbk)))).toEqual(['sensitive:unspecified']);
  });

  it('keeps a label of the whole Bundle on every entry', () => {
    const meta = { security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }] };
    const bytes = new TextEncoder().encode(JSON.stringify({ resourceType: 'Bundle', meta, entry: [patient, glucose] }));
    expect(classes(classify(bytes, policy))).toEqual(['sensitive:unspecified', 'sensitive:unspecified']);
  });

  it('takes the most restrictive of several', () => {
    const both = entry('Condition', 'c', { code: icd('F10.2'), note: [{ text: 'HIV' }] });
    expect(classes(run(both))).toEqual(['sensitive:hiv']);
  });

  it('gives the levels 1 to 3 by what a record is about', () => {
    expect(run(entry('Organization', 'o')).level).toBe(1);
    expect(run(patient, entry('Organization', 'o')).level).toBe(2);
    expect(run(patient, glucose).level).toBe(3);
    expect(run(entry('Condition', 'c', { code: icd('F32.9') })).level).toBe(4);
    expect(run().level).toBe(1);
  });

  it('names no key that a sender made up', () => {
    const result = run(entry('Basic', 'b', { 'Mei Lin!': 'HIV' }));
    expect(JSON.stringify([result.labels, result.issues])).not.toContain('Mei');
  });
});

describe('references', () => {
  const report = (more: Json) => entry('DiagnosticReport', 'r', { code: loinc('24323-8'), subject: ref('p'), ...more });

  it('pulls a report by one sensitive result and leaves its other results', () => {
    const result = run(patient, report({ result: [ref('g'), ref('h')] }), glucose, hiv);
    expect(classes(result)).toEqual(['ordinary', 'sensitive:hiv', 'ordinary', 'sensitive:hiv']);
    expect(result.labels.find(({ basis }) => basis.kind === 'reference')).toMatchObject({
      path: 'Bundle.entry[1]',
      basis: { rule: 'pull.reference' },
    });
  });

  it('pulls the members of a report that is sensitive by itself', () => {
    const local = entry('Observation', 'l', { code: { coding: [{ system: 'urn:local', code: '77' }] } });
    expect(classes(run(report({ conclusion: 'HIV confirmed', result: [ref('l')] }), local))).toEqual([
      'sensitive:hiv',
      'sensitive:hiv',
    ]);
  });

  it('pulls chains, by type and id, versions and orders', () => {
    const composition = entry('Composition', 'c', {
      section: [{ entry: [{ reference: 'DiagnosticReport/r/_history/1' }] }],
    });
    const order = entry('ServiceRequest', 's', { code: { text: 'panel' } });
    const ordered = { ...hiv, resource: { ...hiv.resource, basedOn: [ref('s')] } };
    const all = run(
      composition,
      report({ result: [{ reference: 'https://x.org/fhir/Observation/h' }] }),
      ordered,
      order,
    );
    expect(classes(all)).toEqual(Array(4).fill('sensitive:hiv'));
  });

  it('does not pull over patients and encounters, nor the header; their own texts count', () => {
    const encounter = entry('Encounter', 'e', { reasonCode: [icd('F32.9')], subject: ref('p') });
    const seen = { ...glucose, resource: { ...glucose.resource, encounter: ref('e') } };
    const header = entry('MessageHeader', 'm', { focus: [ref('e'), ref('h'), ref('g')] });
    const result = run(header, patient, encounter, seen, hiv);
    expect(classes(result)).toEqual(['ordinary', 'ordinary', 'sensitive:psychiatry', 'ordinary', 'sensitive:hiv']);
    expect(result.issues).toEqual([{ code: 'context-is-sensitive', path: 'Bundle.entry[2]' }]);
    const diagnosed = entry('Encounter', 'e', { diagnosis: [{ condition: ref('c') }] });
    expect(classes(run(diagnosed, entry('Condition', 'c', { code: icd('B20') })))).toEqual([
      'sensitive:hiv',
      'sensitive:hiv',
    ]);
  });

  it('keeps two states of one resource together, however many there are', () => {
    const states = Array.from({ length: 5000 }, (_, at) =>
      entry('Observation', 'a', { hasMember: [ref('a')], note: [{ text: at === 4999 ? 'HIV' : '' }] }),
    );
    expect(new Set(classes(run(...states)))).toEqual(new Set(['sensitive:hiv']));
  });

  it('ends on cycles and references that lead nowhere', () => {
    const a = entry('Observation', 'a', { hasMember: [ref('b'), ref('nowhere'), { reference: '#x' }] });
    const b = entry('Observation', 'b', { hasMember: [ref('a')], code: loinc('75622-1') });
    expect(classes(run(a, b))).toEqual(['sensitive:hiv', 'sensitive:hiv']);
  });
});

describe('sections', () => {
  const code = fc.constantFrom('B20', 'F10.1', 'E11.9', 'F32.9', 'I10', 'T74.11', 'Q90');
  const resource = fc.record({
    type: fc.constantFrom('Observation', 'Condition', 'DiagnosticReport', 'Encounter', 'Patient'),
    code: fc.option(code),
    refers: fc.array(fc.nat(12), { maxLength: 3 }),
    note: fc.constantFrom('', 'denies heroin', 'HIV', '抑郁症', '"}],['),
    number: fc.constantFrom('1.50', '1E+2', '-0.0', '12345678901234567890'),
  });
  type Drawn = typeof resource extends fc.Arbitrary<infer T> ? T : never;
  const sourceOf = (resources: Drawn[], gap: string) =>
    resources.map(
      ({ type, code: c, refers, note, number }, id) =>
        `${gap}{"resource":${gap}{"resourceType":"${type}","id":"${id}","value":${number},"note":${JSON.stringify(note)},` +
        `"code":${JSON.stringify(c === null ? {} : icd(c))},"result":${JSON.stringify(refers.map((to) => ({ reference: `Observation/${to}` })))}}}`,
    );

  it('hold every entry once, byte for byte, in order', () => {
    fc.assert(
      fc.property(fc.array(resource, { maxLength: 12 }), fc.constantFrom('', ' ', '\n\t'), (resources, gap) => {
        const texts = sourceOf(resources, gap);
        const { sections } = classify(
          new TextEncoder().encode(`{"resourceType":"Bundle","entry":[${texts.join(',')}]}`),
          policy,
        );
        const seen = sections.flatMap((section) => [...section.entries]);
        expect([...seen].sort((a, b) => a - b)).toEqual(texts.map((_, position) => position));
        for (const section of sections) {
          const inner = section.entries.map((position) => texts[position]?.trimStart()).join(',');
          expect(new TextDecoder().decode(section.bytes)).toBe(
            `{"resourceType":"Bundle","type":"collection","entry":[${inner}]}`,
          );
        }
      }),
    );
  });

  it('never leave a sensitive code in the ordinary one', () => {
    fc.assert(
      fc.property(fc.array(resource, { maxLength: 12 }), (resources) => {
        const { sections } = classify(
          new TextEncoder().encode(`{"resourceType":"Bundle","entry":[${sourceOf(resources, '').join(',')}]}`),
          policy,
        );
        const ordinary = sections.find((section) => section.class === 'ordinary');
        if (ordinary) expect(classify(ordinary.bytes, policy).labels).toEqual([]);
      }),
    );
  });

  it('stay as they are when classified again', () => {
    const [, sensitive] = run(patient, glucose, hiv).sections;
    const again = classify(sensitive?.bytes ?? new Uint8Array(), policy).sections;
    expect(again.map((section) => [section.class, section.bytes])).toEqual([[sensitive?.class, sensitive?.bytes]]);
  });
});

describe('the policy', () => {
  it('has another version with any other byte', () => {
    const changed = loadLabelPolicy({ ...files, 'ranges.yaml': `${files['ranges.yaml']}#` });
    expect(changed.version).not.toBe(policy.version);
  });

  it.each(policyFiles)('is refused without %s', (name) => {
    const rest = Object.fromEntries(Object.entries(files).filter(([other]) => other !== name));
    expect(() => loadLabelPolicy(rest)).toThrow(expect.objectContaining({ code: 'config.invalid' }));
  });

  it.each([
    ['ranges.yaml', 'ranges: [{ id: x, category: NOPE, of: [B20] }]'],
    ['ranges.yaml', 'ranges: [{ id: x, category: HIV, of: [B24-B20] }]'],
    ['systems.yaml', 'systems: [{ uri: x, aliases: [] }]'],
    ['levels.yaml', '{'],
  ])('is refused with a broken %s', (name, text) => {
    expect(() => loadLabelPolicy({ ...files, [name]: text })).toThrow(
      expect.objectContaining({ code: 'config.invalid' }),
    );
  });

  it('carries no CPT, no descriptors, and codes whose check digits hold', () => {
    for (const name of policyFiles.filter((file) => file.startsWith('value-sets/'))) {
      const { sets } = JSON.parse(files[name] ?? '') as { sets: { codes: Record<string, string[]> }[] };
      for (const [system, codes] of sets.flatMap((set) => Object.entries(set.codes))) {
        expect(system).not.toContain('cpt');
        for (const code of codes) expect(code).toMatch(/^[A-Za-z0-9.-]{1,20}$/);
        if (system === 'http://loinc.org') expect(codes.filter((code) => !luhn(code.replace('-', '')))).toEqual([]);
        if (system === 'http://snomed.info/sct') expect(codes.filter((code) => !verhoeff(code))).toEqual([]);
      }
    }
  });

  it('would be found out by these tests with one rule planted wrong', () => {
    const planted = loadLabelPolicy({
      ...files,
      'ranges.yaml': (files['ranges.yaml'] ?? '').replace('F10-F19', 'F12-F19'),
    });
    const text = loadLabelPolicy({
      ...files,
      'text.yaml': (files['text.yaml'] ?? '').replace(
        'category: HIV\n    negation: ignore',
        'category: HIV\n    negation: respect',
      ),
    });
    expect(classes(classify(bytesOf(entry('Condition', 'c', { code: icd('F10.230') })), planted))).toEqual([
      'ordinary',
    ]);
    expect(text.texts('No history of HIV')).toEqual([]);
  });
});

/** LOINC's mod 10 check digit. */
function luhn(digits: string): boolean {
  const sum = [...digits].reverse().reduce((total, digit, at) => {
    const value = Number(digit) * (at % 2 === 1 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

/** SNOMED CT's check digit, Verhoeff's dihedral group. */
function verhoeff(digits: string): boolean {
  const permute = (digit: number): number => [1, 5, 7, 6, 2, 8, 3, 0, 9, 4][digit] ?? 0;
  const times = (a: number, b: number): number =>
    a < 5 ? (b < 5 ? (a + b) % 5 : ((a + b) % 5) + 5) : b < 5 ? ((a - b + 5) % 5) + 5 : (a - b + 5) % 5;
  return (
    [...digits].reverse().reduce((check, digit, at) => {
      let value = Number(digit);
      for (let round = 0; round < at % 8; round++) value = permute(value);
      return times(check, value);
    }, 0) === 0
  );
}
