import type { Repetition } from '@medshare/hl7';
import { codingSystem, isInTable, v2 } from './systems.js';
import { single, textOf, type Type } from './table.js';

type Coding = { system?: string; version?: string; code?: string; display?: string };
export type CodeableConcept = { coding?: Coding[]; text?: string };

/** A code may not hold runs of blanks. */
const plainCode = (text: string | undefined): string | undefined => text?.replace(/\s+/g, ' ');

const codingAt = (value: Repetition, from: number, oidAt: number, versionAt: number): Coding | undefined => {
  const code = plainCode(textOf(value, from));
  const display = textOf(value, from + 1);
  if (code === undefined) return undefined;
  const system = codingSystem(textOf(value, from + 2) ?? '', textOf(value, oidAt));
  const version = textOf(value, versionAt);
  return { ...(system && { system }), ...(version && system && { version }), code, ...(display && { display }) };
};

/** CE, CWE, CNE (HL7 v2.8 section 2A.2.18): primary and alternate codings, original text. */
export const concept = (value: Repetition): CodeableConcept | undefined => {
  const coding = [codingAt(value, 1, 14, 7), codingAt(value, 4, 17, 8)].filter((each) => each !== undefined);
  const text = textOf(value, 9) ?? textOf(value, 2) ?? textOf(value, 5);
  if (coding.length === 0 && text === undefined) return undefined;
  return { ...(coding.length > 0 && { coding }), ...(text !== undefined && { text }) };
};

const conceptComponents = [1, 2, 3, 4, 5, 6, 7, 8, 9, 14, 17];

export const CWE: Type = { components: conceptComponents, convert: concept };

/**
 * A coded field whose table is named by the standard: the table is the system where the message names none, for codes that are HL7's own.
 */
export const codedIn = (table: string): Type => ({
  components: conceptComponents,
  convert: (value) => {
    const found = concept(value);
    const [first, ...others] = found?.coding ?? [];
    if (first?.code === undefined || !isInTable(table, first.code)) return found;
    return { ...found, coding: [{ system: v2(table), ...first }, ...others] };
  },
});

/** A table's code → a code of a FHIR value set. */
export const translated = (map: Readonly<Record<string, string>>, otherwise?: string): Type => ({
  components: conceptComponents,
  convert: (value) => {
    const code = textOf(value, 1)?.toUpperCase() ?? '';
    return Object.hasOwn(map, code) ? map[code] : otherwise;
  },
});

/** The same as a CodeableConcept of a FHIR code system. */
export const translatedConcept = (system: string, map: Readonly<Record<string, string>>): Type => ({
  components: conceptComponents,
  convert: (value) => {
    const code = textOf(value, 1)?.toUpperCase() ?? '';
    return Object.hasOwn(map, code) ? { coding: [{ system, code: map[code] }] } : undefined;
  },
});

/** Y and N (HL7 table 0136) */
export const yesNo = single((text) => (text === 'Y' ? true : text === 'N' ? false : undefined));
