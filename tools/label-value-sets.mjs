// Extracts codes from SHIFT-Task-Force/SLS-ValueSets (FSH) into policies/labels/value-sets/sls.json.
//   node tools/label-value-sets.mjs <folder of .fsh files>
// Codes only: no descriptors (SNOMED CT, LOINC), no CPT (AMA's licence). The Synthea sets list everything a module does, everyday care
// included; of those only codes whose descriptor names the topic are taken, or every emergency visit would be "psychiatry".
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';

const folder = process.argv[2];
if (!folder) {
  process.stderr.write('usage: node tools/label-value-sets.mjs <folder of .fsh files>\n');
  process.exit(2);
}
const target = new URL('../policies/labels/value-sets/sls.json', import.meta.url);

const forbidden = new Set(['http://www.ama-assn.org/go/cpt']);
/** focus codes that are no HL7 v3 ActCode sensitivity, and what they are filed under; null: general care, left out */
const filedUnder = { ABORTION: 'SEX', PREGNANT: 'SEX', DIS: null };
const topics = {
  PSY: /attention deficit|overactivity|suicid|psychiatr|methylphenidate|atomoxetine/i,
  OPIOIDUD: /drug|overdose|oxycodone|hydrocodone/i,
  SDV: /suicid|psychiatr/i,
  SEX: /pregnan|prenatal|antenatal|fet(us|al)|miscarriage|labor|delivery|parturition|cesarean|eclampsia|episiotomy|obstetric|ovum|postnatal/i,
  GDIS: /cystic fibrosis|genetic|chromosom|aneuploid|meningomyelocele|spina bifida/i,
  COGN: /alzheimer|dementia|MMSE|galantamine|donepezil|memantine|tacrine/i,
};
/** tests that stand in a broader module but have a category of their own */
const sharper = [
  [/human immunodeficiency|\bHIV\b/i, 'HIV'],
  [/chlamydia|gonorrh|syphilis/i, 'STD'],
  [/suicid|psychiatr|depression/i, 'PSY'],
];

/** @returns every code of one instance: {system, code, about} (`about` never leaves this script) */
function codesOf(lines) {
  const found = [];
  let system = '';
  for (const line of lines) {
    const included = /^\* compose\.include\[.\]\.system\s*=\s*"([^"]+)"/.exec(line);
    if (included) system = included[1];
    const concept = /^\* compose\.include\[=\]\.concept\[\+\]\.code\s*=\s*#(\S+)\s*(?:\/\/\s*"?([^"]*))?/.exec(line);
    if (concept && !forbidden.has(system)) found.push({ system, code: concept[1], about: concept[2] ?? '' });
  }
  return found;
}

const focusOf = (lines) => /valueCodeableConcept\s*=\s*\S*#(\w+)/.exec(lines.join('\n'))?.[1];

function setsOf(file, text) {
  return text
    .split(/^(?=Instance: |ValueSet: |CodeSystem: )/m)
    .filter((part) => part.startsWith('Instance: ') && part.includes('InstanceOf: ValueSet'))
    .flatMap((part) => {
      const lines = part.split(/\r?\n/);
      const name = lines[0].slice('Instance: '.length).trim();
      const focus = focusOf(lines);
      const category = focus && focus in filedUnder ? filedUnder[focus] : focus;
      if (!category) return [];
      const all = codesOf(lines);
      if (!file.startsWith('synthea')) return [{ name, category, codes: all }];
      const sharp = ({ about }) => sharper.find(([pattern]) => pattern.test(about))?.[1];
      const groups = group(all, (code) => sharp(code) ?? (topics[category]?.test(code.about) ? category : ''));
      return [...groups]
        .filter(([of]) => of)
        .map(([of, codes]) => ({ name: of === category ? name : `${name}.${of}`, category: of, codes }));
    });
}

function group(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

function compact({ name, category, codes }) {
  const bySystem = {};
  for (const { system, code } of codes) (bySystem[system] ??= new Set()).add(code);
  const sorted = Object.entries(bySystem).sort(([a], [b]) => (a < b ? -1 : 1));
  return { name, category, codes: Object.fromEntries(sorted.map(([system, of]) => [system, [...of].sort()])) };
}

const sets = readdirSync(folder)
  .filter((file) => file.endsWith('.fsh'))
  .sort()
  .flatMap((file) => setsOf(file, readFileSync(join(folder, file), 'utf8')))
  .filter(({ codes }) => codes.length > 0)
  .map(compact)
  .sort((a, b) => (a.name < b.name ? -1 : 1));

const file = { source: 'SHIFT-Task-Force/SLS-ValueSets, CC-BY-4.0, codes only', prefix: 'sls', sets };
writeFileSync(target, await format(JSON.stringify(file), { ...(await resolveConfig(target)), parser: 'json' }));
process.stdout.write(`${sets.length} value sets\n`);
