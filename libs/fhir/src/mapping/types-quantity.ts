import type { Reading } from './reading.js';
import { codingSystem } from './systems.js';
import { single, type Row, type Type } from './table.js';
import { decimal } from './types-value.js';

export type Unit = { unit?: string; system?: string; code?: string };
const ucum = 'http://unitsofmeasure.org';

/** CWE as a unit: UCUM codes are codes, other units texts. */
export const unitOf = (value: Reading): Unit => {
  const isUcum = codingSystem(value.peek(3) ?? '', undefined) === ucum;
  const code = isUcum ? value.text(1) : undefined;
  if (isUcum) value.text(3);
  const unit = value.text(2) ?? value.text(1);
  return { ...(unit !== undefined && { unit }), ...(code !== undefined && { system: ucum, code }) };
};

/** NM → Quantity.value */
export const amount = single((text) => decimal(text));

/** Rows of a unit beside a number: `…units(7, 'doseQuantity')` */
export const units = (field: number, element: string): readonly Row[] => [
  [field, `${element}.unit`, (value) => unitOf(value).unit],
  [field, `${element}.system`, (value) => unitOf(value).system],
  [field, `${element}.code`, (value) => unitOf(value).code],
];

/** CQ: number ^ unit, the unit a CE of subcomponents */
export const CQ: Type = (value) => {
  const number = decimal(value.peek(1) ?? '');
  if (number === undefined) return undefined;
  value.text(1);
  return { value: number, ...unitOf(value.part(2)) };
};

/** units of time → UCUM, as Timing and Duration want them */
export const timeUnits: Readonly<Record<string, string>> = {
  S: 's',
  SEC: 's',
  MIN: 'min',
  H: 'h',
  HR: 'h',
  D: 'd',
  DAY: 'd',
  WK: 'wk',
  MO: 'mo',
  A: 'a',
  ANN: 'a',
};

/** ISO 4217, as far as the platform knows it */
const currencies: Readonly<Record<string, true>> = Object.fromEntries(
  Intl.supportedValuesOf('currency').map((code) => [code, true]),
);

/** MO: quantity & currency, in a component's subcomponents (CP.1) */
export const money: Type = (value) => {
  const price = value.part(1);
  const number = decimal(price.peek(1) ?? '');
  if (number === undefined) return undefined;
  price.text(1);
  const currency = price.peek(2);
  return { value: number, ...(price.code(2, currencies) && { currency }) };
};
