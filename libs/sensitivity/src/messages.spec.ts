import { readFileSync } from 'node:fs';
import { mapMessage, toJsonBytes } from '@medshare/fhir';
import { parseMessage } from '@medshare/hl7';
import { classify, loadLabelPolicy, policyFiles } from './index.js';

const read = (name: string) => readFileSync(new URL(`../../../${name}`, import.meta.url));
const policy = loadLabelPolicy(
  Object.fromEntries(policyFiles.map((name) => [name, read(`policies/labels/${name}`).toString('utf8')])),
);

/** A golden message with one value made sensitive, mapped and labelled as on the real way. */
const label = (name: string, from: string, to: string) => {
  const text = read(`libs/fhir/src/mapping/golden/${name}.hl7`).toString('utf8');
  expect(text).toContain(from);
  let count = 0;
  const { bundle } = mapMessage(parseMessage(new TextEncoder().encode(text.replace(from, to))), {
    feedZone: 'Asia/Shanghai',
    idFor: () => `00000000-0000-4000-8000-${String((count += 1)).padStart(12, '0')}`,
    source: 'urn:x',
  });
  const { sections } = classify(toJsonBytes(bundle), policy);
  const types = bundle.entry.map(({ resource }) => resource.resourceType);
  return new Map(sections.map((section) => [section.class, section.entries.map((at) => types[at])]));
};

const hiv = 'B20^Human immunodeficiency virus disease^I10';

describe('what a sensitive code in a message makes sensitive', () => {
  it.each([
    [
      'the reason of an order',
      'orm-o01-tomas-vega',
      'S22.4^Multiple fractures of ribs^I10\rNTE',
      `${hiv}\rNTE`,
      'ServiceRequest',
    ],
    [
      'a test that is ordered',
      'orm-o01-tomas-vega',
      '24627-2^CT Chest^LN',
      '75622-1^HIV 1 and 2 tests^LN',
      'ServiceRequest',
    ],
    ['the reason of an appointment', 'siu-s12-ines-duarte', 'CHECKUP^A routine check-up^HL70276', hiv, 'Appointment'],
    ['a problem', 'ppr-pc1-amara-obi', '44054006^Type 2 diabetes mellitus^SCT', hiv, 'Condition'],
    ['an answer beside a vaccination', 'vxu-v04-linnea-holm', 'V01^Not eligible^HL70064', hiv, 'Observation'],
    ['why a vaccine is given', 'vxu-v04-linnea-holm', 'MVX|||CP', `MVX||${hiv}|CP`, 'Immunization'],
    ['why a drug is given', 'rds-o13-nils-aalto', '|||RX-700\r', `|||RX-700||||||||||||${hiv}\r`, 'MedicationRequest'],
    ['a procedure’s indication', 'ref-i12-hana-kimura', 'M54.5^Low back pain^I10\rOBR', `${hiv}\rOBR`, 'Procedure'],
    ['the words of a document', 'mdm-t02-ravi-menon', 'normal pump function', 'HIV positive', 'DocumentReference'],
  ])('%s', (_, name, from, to, type) => {
    const sections = label(name, from, to);
    expect(sections.get('sensitive:hiv')).toContain(type);
    expect(sections.get('ordinary')).toContain('Patient');
  });

  it('leaves the same messages ordinary without it, but for what cannot be looked into', () => {
    for (const name of ['orm-o01-tomas-vega', 'siu-s12-ines-duarte', 'ppr-pc1-amara-obi', 'vxu-v04-linnea-holm'])
      expect([...label(name, 'MSH', 'MSH').keys()]).toEqual(['ordinary']);
    expect(label('mdm-t02-ravi-menon', 'MSH', 'MSH').get('ordinary')).not.toContain('DocumentReference');
  });
});
