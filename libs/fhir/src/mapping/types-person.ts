import type { Context } from './context.js';
import type { Reading } from './reading.js';
import { v2 } from './systems.js';
import { single, type Type } from './table.js';
import { momentOf } from './types-value.js';

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

const periodOf = (value: Reading, [from, to]: readonly [number, number], context: Context) => {
  const [start, end] = [momentOf(value, from, context), momentOf(value, to, context)];
  return start === undefined && end === undefined ? undefined : { start, end };
};

/** FN: surname & own prefix & own surname & partner's prefix & partner's surname → the extensions that FHIR has for them */
const familyParts = (value: Reading, component: number) => {
  const names = ['', 'own-prefix', 'own-name', 'partner-prefix', 'partner-name'];
  const extension = names.flatMap((name, at) => {
    const text = at === 0 ? undefined : value.text(component, at + 1);
    return text === undefined
      ? []
      : [{ url: `http://hl7.org/fhir/StructureDefinition/humanname-${name}`, valueString: text }];
  });
  return extension.length === 0 ? undefined : { extension };
};

/** XPN: family ^ given ^ further ^ suffix ^ prefix ^ degree ^ type … ^ effective (12) ^ expires (13) */
export const XPN: Type = (value, context) => {
  const name = {
    family: value.text(1),
    _family: familyParts(value, 1),
    given: list(value.text(2), value.text(3)),
    prefix: list(value.text(5)),
    suffix: list(value.text(4), value.text(6)),
  };
  return filled(name) && { use: value.code(7, nameUses), ...name, period: periodOf(value, [12, 13], context) };
};

/** XPN as one line of text */
export const personText: Type = (value) => {
  const parts = [5, 2, 3, 1, 4, 6].flatMap((component) => value.text(component) ?? []);
  return parts.length === 0 ? undefined : parts.join(' ');
};

/** HL7 table 0190 → AddressUse; M (mailing) and the like have no use */
const addressUses: Readonly<Record<string, string>> = { H: 'home', B: 'work', O: 'work', C: 'temp', BA: 'old' };
const addressTypes: Readonly<Record<string, string>> = { M: 'postal', SH: 'postal' };

/** XAD: street ^ other ^ city ^ state ^ zip ^ country ^ type ^ other geographic ^ county … ^ effective (13) ^ expires (14) */
export const XAD: Type = (value, context) => {
  const address = {
    line: list(street(value), value.text(2), value.text(8)),
    city: value.text(3),
    district: value.text(9),
    state: value.text(4),
    postalCode: value.text(5),
    country: value.text(6),
  };
  const kind = { use: value.code(7, addressUses), type: value.code(7, addressTypes) };
  return filled(address) && { ...kind, ...address, period: periodOf(value, [13, 14], context) };
};

/** SAD: street ^ name ^ number, in subcomponents */
const street = (value: Reading): string | undefined =>
  [value.text(1), value.text(1, 3), value.text(1, 2)].filter((part) => part !== undefined).join(' ') || undefined;

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

/** XTN: text ^ use ^ equipment ^ email ^ country ^ area ^ number ^ extension ^ text ^ … ^ unformatted (12) ^ effective ^ expires … ^ order (18) */
export const telecom =
  (use?: string): Type =>
  (value, context) => {
    const mail = equipment[value.peek(3)?.toUpperCase() ?? ''] === 'email';
    const written = contactOf(value, mail);
    if (written === undefined) return undefined;
    const kind = value.peek(3)?.toUpperCase();
    const named = mail || !written.includes('@') ? value.code(3, equipment) : undefined;
    const system = written.includes('@') ? 'email' : (named ?? 'phone');
    const coded = kind === 'CP' ? 'mobile' : (value.code(2, telecomUses) ?? use);
    return { system, value: written, use: coded, rank: rankOf(value), period: periodOf(value, [13, 14], context) };
  };

const rankOf = (value: Reading): number | undefined => {
  if (!/^[1-9]\d{0,3}$/.test(value.peek(18) ?? '')) return undefined;
  return Number(value.text(18));
};

/** an address for electronic mail, or a number as it was written, or put together */
const contactOf = (value: Reading, mail: boolean): string | undefined => {
  const email = () => value.text(4);
  const number = () => value.text(12) ?? value.text(1) ?? numberOf(value);
  return (mail ? (email() ?? number()) : (number() ?? email())) ?? value.text(9);
};

const numberOf = (value: Reading): string | undefined => {
  if (value.peek(7) === undefined) return undefined;
  const [country, area, local, extension] = [5, 6, 7, 8].map((component) => value.text(component));
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

export const gender: Type = (value) => value.code(1, genders);

export const socialSecurity = single((value) => ({ type: { coding: [{ system: v2('0203'), code: 'SS' }] }, value }));
