import { v2Tables } from '../generated/v2-tables.js';

/** Coding system names (HL7 table 0396) → URIs, as HL7's v2-to-FHIR guide and terminology.hl7.org give them. */
const codingSystems: Readonly<Record<string, string>> = {
  LN: 'http://loinc.org',
  LOINC: 'http://loinc.org',
  SCT: 'http://snomed.info/sct',
  SNM: 'http://snomed.info/sct',
  SNOMED: 'http://snomed.info/sct',
  'SNOMED-CT': 'http://snomed.info/sct',
  I10: 'http://hl7.org/fhir/sid/icd-10',
  ICD10: 'http://hl7.org/fhir/sid/icd-10',
  I10C: 'http://hl7.org/fhir/sid/icd-10-cm',
  'ICD-10-CM': 'http://hl7.org/fhir/sid/icd-10-cm',
  I9: 'http://hl7.org/fhir/sid/icd-9-cm',
  I9C: 'http://hl7.org/fhir/sid/icd-9-cm',
  UCUM: 'http://unitsofmeasure.org',
  RXNORM: 'http://www.nlm.nih.gov/research/umls/rxnorm',
  NDC: 'http://hl7.org/fhir/sid/ndc',
  CVX: 'http://hl7.org/fhir/sid/cvx',
  MVX: 'http://terminology.hl7.org/CodeSystem/MVX',
  NIP001: 'urn:oid:2.16.840.1.114222.4.5.274',
  C4: 'http://www.ama-assn.org/go/cpt',
  CDCREC: 'urn:oid:2.16.840.1.113883.6.238',
  ISO3166: 'urn:iso:std:iso:3166',
};

/** @returns undefined for local and unknown systems: a guess would make two hospitals' codes one */
export const codingSystem = (name: string, oid: string | undefined): string | undefined => {
  const known = codingSystems[name.toUpperCase()];
  if (known !== undefined) return known;
  const table = /^HL7(\d{4})$/.exec(name)?.[1];
  if (table !== undefined) return v2(table);
  return oid !== undefined && isOid(oid) ? `urn:oid:${oid}` : isOid(name) ? `urn:oid:${name}` : undefined;
};

/** the URI of an HL7 v2 table */
export const v2 = (table: string): string => `http://terminology.hl7.org/CodeSystem/v2-${table}`;

const members = new Map(Object.entries(v2Tables).map(([table, codes]) => [table, new Set(codes.split(' '))]));

/** whether HL7 itself put a code into a table, which users may extend; tables that HL7 publishes without codes are not judged */
export const isInTable = (table: string, code: string): boolean => {
  const known = members.get(table);
  return known === undefined || known.has('') || known.has(code);
};

/** Three arcs at least, and more than a standards body's own roots such as 2.6.1. */
export const isOid = (text: string): boolean => text.length > 5 && /^[0-2](\.(0|[1-9]\d*)){2,}$/.test(text);

const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;

/** HD.2 and HD.3 (HL7 table 0301) → URI */
export const universalId = (id: string, type: string | undefined): string | undefined => {
  if (/\s/.test(id)) return undefined;
  if (type === 'URI') return id;
  if (type === 'UUID' || type === 'GUID')
    return uuid.test(id.toLowerCase()) ? `urn:uuid:${id.toLowerCase()}` : undefined;
  return isOid(id) ? `urn:oid:${id}` : undefined;
};
