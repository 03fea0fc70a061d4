import { problem } from '@medshare/problems';

type Objects = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Objects =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const objects = (value: unknown): Objects[] =>
  Array.isArray(value) ? value.filter(isObject) : isObject(value) ? [value] : [];
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

export type BundleKind = 'transaction' | 'batch' | 'document' | 'message' | 'collection';
const kinds: readonly string[] = ['transaction', 'batch', 'document', 'message', 'collection'];

/** @throws Problem fhir.unsupported for searchset, history and responses: they are answers, not records */
export const bundleKind = (bundle: Objects): BundleKind => {
  const type = bundle['type'];
  if (typeof type === 'string' && kinds.includes(type)) return type as BundleKind;
  throw problem('fhir.unsupported', {
    where: 'Bundle.type',
    detail: 'a record is a transaction, batch, document, message or collection',
  });
};

const resourcesOf = (bundle: Objects): Objects[] =>
  objects(bundle['entry']).flatMap(({ resource }) => objects(resource));

const ofType = (bundle: Objects, type: string): Objects[] =>
  resourcesOf(bundle).filter(({ resourceType }) => resourceType === type);

/** Patients that were merged into another say so by a link. */
const isReplaced = (patient: Objects): boolean => objects(patient['link']).some(({ type }) => type === 'replaced-by');

/**
 * The one Patient that the record is about.
 * @returns undefined when the bundle carries none
 * @throws Problem patient.ambiguous when it carries several
 */
export const subjectOf = (bundle: Objects): Objects | undefined => {
  const patients = ofType(bundle, 'Patient').filter((patient) => !isReplaced(patient));
  if (patients.length > 1)
    throw problem('patient.ambiguous', { where: 'Bundle.entry', detail: 'several patients in one record' });
  return patients[0];
};

export type PatientIdentifier = {
  readonly system: string | undefined;
  readonly value: string;
  readonly type: string | undefined;
};

const identifierOf = (identifier: Objects): PatientIdentifier[] => {
  const value = text(identifier['value']);
  const coding = objects(isObject(identifier['type']) ? identifier['type']['coding'] : undefined)[0];
  return value === undefined ? [] : [{ system: text(identifier['system']), value, type: text(coding?.['code']) }];
};

/**
 * Identifiers of the record's patient, in order: the Patient's own, else those by which resources refer to a patient.
 * @throws Problem patient.ambiguous
 */
export const patientIdentifiers = (bundle: Objects): PatientIdentifier[] => {
  const subject = subjectOf(bundle);
  if (subject !== undefined) return objects(subject['identifier']).flatMap(identifierOf);
  const references = resourcesOf(bundle).flatMap((resource) => [
    ...objects(resource['subject']),
    ...objects(resource['patient']),
  ]);
  const found = references.flatMap(({ identifier }) => objects(identifier).flatMap(identifierOf));
  return [...new Map(found.map((each) => [`${each.system}|${each.value}`, each])).values()];
};

/** Patients merged into the subject by this record, by their identifiers. */
export const replacedIdentifiers = (bundle: Objects): PatientIdentifier[] =>
  ofType(bundle, 'Patient')
    .filter(isReplaced)
    .flatMap((patient) => objects(patient['identifier']).flatMap(identifierOf));

export type Episode = { readonly kind: 'encounter' | 'month'; readonly id: string };

/** Who gave a visit its number: a system, else a name; the number alone would join two hospitals' visits. */
const encounterId = (encounter: Objects): string | undefined => {
  const numbers = objects(encounter['identifier']).filter(({ value }) => text(value) !== undefined);
  const typed = numbers.find(({ type }) =>
    objects(isObject(type) ? type['coding'] : undefined).some(({ code }) => code === 'VN'),
  );
  const chosen = typed ?? numbers[0];
  if (chosen === undefined) return undefined;
  const assigner = isObject(chosen['assigner']) ? text(chosen['assigner']['display']) : undefined;
  return `${text(chosen['system']) ?? assigner ?? ''}|${String(chosen['value'])}`;
};

/** When what the record tells happened: the first of these that is there. */
const eventTimes: readonly (readonly [type: string, elements: readonly string[]])[] = [
  ['Encounter', ['period.start']],
  ['DiagnosticReport', ['effectiveDateTime', 'effectivePeriod.start', 'issued']],
  ['Observation', ['effectiveDateTime', 'effectivePeriod.start', 'effectiveInstant', 'issued']],
  ['Procedure', ['performedDateTime', 'performedPeriod.start']],
  ['Immunization', ['occurrenceDateTime']],
  ['Composition', ['date']],
  ['Condition', ['recordedDate']],
  ['DocumentReference', ['date']],
  ['MedicationRequest', ['authoredOn']],
  ['ServiceRequest', ['authoredOn']],
];

const at = (resource: Objects, path: string): unknown =>
  path.split('.').reduce<unknown>((value, step) => (isObject(value) ? value[step] : undefined), resource);

const isMonth = (value: unknown): value is string => typeof value === 'string' && /^\d{4}-\d\d/.test(value);

/**
 * The episode that the record belongs to: its encounter by number, else the calendar month of the event where it happened.
 * @param received ISO 8601; the month when the record names no time at all
 */
export const episodeOf = (bundle: Objects, received: string): Episode => {
  const numbered = ofType(bundle, 'Encounter')
    .map(encounterId)
    .find((id) => id !== undefined);
  if (numbered !== undefined) return { kind: 'encounter', id: numbered };
  const times = eventTimes.flatMap(([type, paths]) =>
    ofType(bundle, type).flatMap((each) => paths.map((path) => at(each, path))),
  );
  const month = [...times, bundle['timestamp'], received].find(isMonth) ?? received;
  return { kind: 'month', id: month.slice(0, 7) };
};
