import type { Repetition } from '@medshare/hl7';
import { single, textOf, type Type } from './table.js';

const filled = <T extends object>(value: T): T | undefined =>
  Object.values(value).some((each) => each !== undefined) ? value : undefined;
const list = (...texts: (string | undefined)[]) => {
  const present = texts.filter((text) => text !== undefined);
  return present.length === 0 ? undefined : present;
};

/** HL7 table 0200 → NameUse */
const nameUses: Readonly<Record<string, string>> = {
  L: 'official',
  D: 'usual',
  M: 'maiden',
  N: 'nickname',
  S: 'anonymous',
  A: 'anonymous',
  T: 'temp',
  B: 'old',
  C: 'usual',
};

/** XPN: family ^ given ^ further ^ suffix ^ prefix ^ degree ^ type. FN.1 is the family name; its prefixes are part of it. */
export const XPN: Type = {
  components: [1, 2, 3, 4, 5, 6, 7],
  convert: (value) => {
    const name = {
      family: textOf(value, 1),
      given: list(textOf(value, 2), textOf(value, 3)),
      prefix: list(textOf(value, 5)),
      suffix: list(textOf(value, 4), textOf(value, 6)),
    };
    return filled(name) && { use: nameUses[textOf(value, 7) ?? ''], ...name };
  },
};

/** HL7 table 0190 → AddressUse; M (mailing) and the like have no use */
const addressUses: Readonly<Record<string, string>> = { H: 'home', B: 'work', O: 'work', C: 'temp', BA: 'old' };

/** XAD: street ^ other ^ city ^ state ^ zip ^ country ^ type ^ other geographic ^ county */
export const XAD: Type = {
  components: [1, 2, 3, 4, 5, 6, 7, 8, 9],
  convert: (value) => {
    const address = {
      line: list(street(value), textOf(value, 2), textOf(value, 8)),
      city: textOf(value, 3),
      district: textOf(value, 9),
      state: textOf(value, 4),
      postalCode: textOf(value, 5),
      country: textOf(value, 6),
    };
    return filled(address) && { use: addressUses[textOf(value, 7) ?? ''], ...address };
  },
};

/** SAD: street ^ name ^ number, in subcomponents */
const street = (value: Repetition): string | undefined =>
  [textOf(value, 1), textOf(value, 1, 3), textOf(value, 1, 2)].filter((part) => part !== undefined).join(' ') ||
  undefined;

const equipment: Readonly<Record<string, string>> = {
  PH: 'phone',
  CP: 'phone',
  FX: 'fax',
  BP: 'pager',
  INTERNET: 'email',
  'X.400': 'email',
  TTY: 'other',
  TDD: 'other',
};
const telecomUses: Readonly<Record<string, string>> = {
  PRN: 'home',
  ORN: 'home',
  VHN: 'home',
  WPN: 'work',
  ASN: 'work',
  PRS: 'mobile',
  BPN: 'work',
};

/** XTN: text ^ use ^ equipment ^ email ^ country ^ area ^ number ^ extension ^ text ^ … ^ unformatted (12) */
export const telecom = (use: string | undefined): Type => ({
  components: [1, 2, 3, 4, 5, 6, 7, 8, 9, 12],
  convert: (value) => {
    const kind = textOf(value, 3)?.toUpperCase() ?? '';
    const written = contactOf(value, equipment[kind] === 'email');
    if (written === undefined) return undefined;
    const coded = textOf(value, 2)?.toUpperCase() ?? '';
    const system = written.includes('@') ? 'email' : (equipment[kind] ?? 'phone');
    return { system, value: written, use: kind === 'CP' ? 'mobile' : (telecomUses[coded] ?? use) };
  },
});

/** an address for electronic mail, or a number as it was written, or put together */
const contactOf = (value: Repetition, mail: boolean): string | undefined => {
  const email = textOf(value, 4);
  const number = textOf(value, 12) ?? textOf(value, 1) ?? numberOf(value);
  return (mail ? (email ?? number) : (number ?? email)) ?? textOf(value, 9);
};

const numberOf = (value: Repetition): string | undefined => {
  const [country, area, local, extension] = [5, 6, 7, 8].map((component) => textOf(value, component));
  if (local === undefined) return undefined;
  return [country && `+${country.replace('+', '')}`, area, local, extension && `x${extension}`]
    .filter(Boolean)
    .join(' ');
};

/** HL7 table 0001 → AdministrativeGender */
const genders: Readonly<Record<string, string>> = {
  M: 'male',
  F: 'female',
  O: 'other',
  A: 'other',
  N: 'other',
  X: 'other',
  U: 'unknown',
};

export const gender: Type = { ...single((text) => genders[text.toUpperCase()]), components: [1, 2, 3] };
