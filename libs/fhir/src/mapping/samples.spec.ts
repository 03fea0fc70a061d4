import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseMessage, validateMessage } from '@medshare/hl7';
import {
  bundleKind,
  episodeOf,
  lossReport,
  mapMessage,
  parseFhirJson,
  patientIdentifiers,
  toJsonBytes,
  validateBundle,
} from '../index.js';

/** messages to try, and others that only this suite reads */
const samples = resolve(import.meta.dirname, '../../../../samples');
const goldens = resolve(import.meta.dirname, 'golden');
const sample = (name: string) => readFileSync(resolve(existsSync(resolve(samples, name)) ? samples : goldens, name));
const idFor = (position: string) =>
  createHash('sha256')
    .update(position)
    .digest('hex')
    .replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-5$3-8$4-$5');
const map = (name: string) =>
  mapMessage(parseMessage(sample(name)), {
    feedZone: 'Asia/Shanghai',
    idFor,
    source: 'urn:medshare:institution:harbor',
  });
/** indents JSON without touching its strings and numbers */
const pretty = (json: string): string => {
  let depth = 0;
  const line = (to: number) => '\n' + '  '.repeat((depth = to));
  const token = /"(?:[^"\\]|\\.)*"|\{\}|\[\]|[[\]{},:]|[^[\]{},:"]+/g;
  return json.replace(token, (each) => {
    if (each === '{' || each === '[') return each + line(depth + 1);
    if (each === '}' || each === ']') return line(depth - 1) + each;
    return each === ',' ? each + line(depth) : each === ':' ? ': ' : each;
  });
};

const messages = [
  'adt-a01-mei-lin.hl7',
  'oru-r01-mei-lin-labs.hl7',
  'oru-r01-mei-lin-hiv.hl7',
  'adt-a01-jonas-berg.hl7',
  'adt-a04-chen-xiaodong-gb18030.hl7',
  'mdm-t02-ravi-menon.hl7',
  'orm-o01-tomas-vega.hl7',
  'ppr-pc1-amara-obi.hl7',
  'rds-o13-nils-aalto.hl7',
  'ref-i12-hana-kimura.hl7',
  'siu-s12-ines-duarte.hl7',
  'vxu-v04-linnea-holm.hl7',
];

/** the losses that matter to a reader of the record, shortest first */
const lossesOf = (name: string) =>
  map(name)
    .issues.filter(({ code }) => code !== 'message-only')
    .map(({ code, where }) => `${code} ${where}`);

describe.each(messages)('%s', (name) => {
  const bytes = toJsonBytes(map(name).bundle);
  const text = new TextDecoder().decode(bytes);

  it('passes every check before AA', () => expect(validateMessage(parseMessage(sample(name)))).toEqual([]));

  it('becomes the bundle that a person of the field has read', () => {
    const golden = resolve(goldens, name.replace('.hl7', '.json'));
    if (process.env['MEDSHARE_GOLDEN'] === 'write') writeFileSync(golden, pretty(text) + '\n');
    expect(pretty(text) + '\n').toBe(readFileSync(golden, 'utf8'));
  });

  it('loses what its report says, and nothing else of weight', () => {
    const golden = resolve(goldens, name.replace('.hl7', '.losses.txt'));
    const written = lossesOf(name).join('\n') + '\n';
    if (process.env['MEDSHARE_GOLDEN'] === 'write') writeFileSync(golden, written);
    expect(written).toBe(readFileSync(golden, 'utf8'));
  });

  it('is valid R4, and the same each time', () => {
    expect(validateBundle(parseFhirJson(bytes).value)).toEqual([]);
    expect(toJsonBytes(map(name).bundle)).toEqual(bytes);
    expect(new TextDecoder().decode(toJsonBytes(lossReport(map(name).issues)))).toContain('OperationOutcome');
  });
});

describe('the samples of Mei Lin', () => {
  const bundles = [
    ...messages.slice(0, 3).map((name) => JSON.parse(new TextDecoder().decode(toJsonBytes(map(name).bundle)))),
    parseFhirJson(sample('bundle-mei-lin-encounter.json')).value,
  ];

  it('are one patient and one episode', () => {
    for (const bundle of bundles) {
      expect(patientIdentifiers(bundle)[0]).toEqual({
        system: 'urn:medshare:east:citizen',
        value: 'E-1985-0317-442',
        type: 'NI',
      });
      expect(episodeOf(bundle, '2030-01-01')).toEqual({
        kind: 'encounter',
        id: 'urn:medshare:harbor:visit|V-2026-00017',
      });
    }
    expect(bundles.map(bundleKind)).toEqual(['message', 'message', 'message', 'transaction']);
    expect(validateBundle(bundles[3])).toEqual([]);
  });
});
