import type { Reading } from './reading.js';
import { codingSystem, isInTable, v2 } from './systems.js';
import type { Type } from './table.js';

export type Coding = { system?: string; version?: string; code?: string; display?: string };
export type CodeableConcept = { coding?: Coding[]; text?: string };

/** A code may not hold runs of blanks. */
const plainCode = (text: string | undefined): string | undefined => text?.replace(/\s+/g, ' ');

/** Components of one coding: code, display, system's name, its OID, its version. */
type Places = readonly [code: number, display: number, system: number, oid: number, version: number];
const primary: Places = [1, 2, 3, 14, 7];
const alternate: Places = [4, 5, 6, 17, 8];
const second: Places = [10, 11, 12, 20, 13];

/** A system that nothing is known of is not read: the report says that it is lost. */
const systemOf = (value: Reading, [, , name, oid]: Places): string | undefined => {
  const named = codingSystem(value.peek(name) ?? '', undefined);
  if (named !== undefined) return value.text(name) && named;
  const system = codingSystem('', value.peek(oid));
  return system && value.text(oid) && system;
};

const codingAt = (value: Reading, places: Places, table?: string): Coding | undefined => {
  const [at, displayAt, nameAt, , versionAt] = places;
  const code = plainCode(value.text(at));
  if (code === undefined) return undefined;
  const named = systemOf(value, places);
  const implied = table !== undefined && isInTable(table, code) ? v2(table) : undefined;
  const system = named ?? (value.peek(nameAt) === undefined ? implied : undefined);
  const version = named && value.text(versionAt);
  const display = value.text(displayAt);
  return { ...(system && { system }), ...(version && { version }), code, ...(display && { display }) };
};

/** CE, CWE, CNE (HL7 v2.8 section 2A.2.18): up to three codings and the original text. */
export const concept = (value: Reading, table?: string): CodeableConcept | undefined => {
  const coding = [codingAt(value, primary, table), codingAt(value, alternate), codingAt(value, second)].filter(
    (each) => each !== undefined,
  );
  // a description without a code is text; with one it is the coding's display already
  const text = value.text(9) ?? value.text(2) ?? (coding.length === 0 ? value.text(5) : value.peek(5));
  if (coding.length === 0 && text === undefined) return undefined;
  return { ...(coding.length > 0 && { coding }), ...(text !== undefined && { text }) };
};

export const CWE: Type = (value) => concept(value);

/**
 * A coded field whose table is named by the standard: the table is the system where the message names none, for codes that are HL7's own.
 */
export const codedIn =
  (table: string): Type =>
  (value) =>
    concept(value, table);

/** CWE as one Coding */
export const coding =
  (table?: string): Type =>
  (value) =>
    codingAt(value, primary, table);

/** A coded field, its text in another field of the segment unless it has one of its own. */
export const codedWithText =
  (field: number): Type =>
  (value) => {
    const found = concept(value);
    if (found === undefined || value.peek(9) !== undefined) return found;
    const text = value.beside(field).whole();
    return text === undefined ? found : { ...found, text };
  };

/** The text of a coded field. */
export const textOfCode: Type = (value) => value.text(9) ?? value.text(2) ?? value.text(1);

/** A table's code → a code of a FHIR value set. */
export const translated =
  (map: Readonly<Record<string, string>>): Type =>
  (value) =>
    value.code(1, map);

/** The same as a Coding of a code system. */
export const translatedCoding =
  (system: string, map: Readonly<Record<string, string>>): Type =>
  (value) => {
    const code = value.code(1, map);
    return code === undefined ? undefined : { system, code };
  };

/** The same as a CodeableConcept. */
export const translatedConcept = (system: string, map: Readonly<Record<string, string>>): Type => {
  const one = translatedCoding(system, map);
  return (value, context) => {
    const found = one(value, context);
    return found === undefined ? undefined : { coding: [found] };
  };
};

/** Y and N (HL7 table 0136), or the words */
export const yesNo: Type = (value) => value.code(1, { Y: true, N: false, YES: true, NO: false });

/** Codes that ask for confidentiality (HL7 tables 0177, 0272) → what a label says of it. */
export const confidentiality: Type = (value) => {
  const level = value.code(1, { V: 'V', R: 'R', U: 'N' });
  if (level !== undefined) return { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: level };
  const kind = value.code(1, { HIV: 'HIV', AID: 'HIV', PSY: 'PSY', ETH: 'ETH', STD: 'STD', VIP: 'CEL', EMP: 'EMP' });
  return kind && { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: kind };
};

/** whether protection is asked for (HL7 table 0136) → restricted, or normal */
export const restricted: Type = (value) => {
  const code = value.code(1, { Y: 'R', N: 'N' });
  return code && { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code };
};
