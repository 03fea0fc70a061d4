import type { Repetition, Segment } from '@medshare/hl7';
import { codingSystem } from './systems.js';
import { textOf, wholeOf } from './table.js';
import { concept } from './types-coded.js';
import { dateTimeOf, decimal, timeOf, timeOfDay } from './types-value.js';
import type { Context } from './context.js';

/** one member of Observation.value[x] */
export type ObservationValue = Readonly<Record<string, unknown>>;

type Unit = { unit?: string; system?: string; code?: string };

/** OBX-6: UCUM codes are codes, other units texts. */
const unitOf = (segment: Segment): Unit => {
  const given = segment.first(6);
  const code = textOf(given, 1);
  const unit = textOf(given, 2) ?? code;
  const ucum = codingSystem(textOf(given, 3) ?? '', undefined) === 'http://unitsofmeasure.org';
  return {
    ...(unit !== undefined && { unit }),
    ...(ucum && code !== undefined && { system: 'http://unitsofmeasure.org', code }),
  };
};

const quantity = (text: string | undefined, unit: Unit, comparator?: string) => {
  const value = text === undefined ? undefined : decimal(text);
  return value && { value, ...(comparator && { comparator }), ...unit };
};

type Reader = (value: Repetition, segment: Segment, context: Context) => ObservationValue | undefined;

const numeric: Reader = (value, segment) => {
  const read = quantity(textOf(value, 1), unitOf(segment));
  return read && { valueQuantity: read };
};

const comparators: Readonly<Record<string, string | undefined>> = {
  '<': '<',
  '>': '>',
  '<=': '<=',
  '>=': '>=',
  '=': undefined,
};

/** SN: comparator ^ number ^ separator ^ number */
const structured: Reader = (value, segment) => {
  const [comparator = '=', low, separator, high] = [1, 2, 3, 4].map((component) => textOf(value, component));
  const unit = unitOf(segment);
  const [first, second] = [quantity(low, unit), quantity(high, unit)];
  if (separator === '-' && first && second) return { valueRange: { low: first, high: second } };
  if ((separator === ':' || separator === '/') && first && second)
    return { valueRatio: { numerator: first, denominator: second } };
  const known = Object.hasOwn(comparators, comparator) && separator === undefined && high === undefined;
  const compared = known ? quantity(low, unit, comparators[comparator]) : undefined;
  return compared ? { valueQuantity: compared } : plain(value, segment, undefined as never, true);
};

/** NR: low ^ high */
const range: Reader = (value, segment) => {
  const [low, high] = [1, 2].map((component) => quantity(textOf(value, component), unitOf(segment)));
  return low === undefined && high === undefined
    ? undefined
    : { valueRange: { ...(low && { low }), ...(high && { high }) } };
};

const coded: Reader = (value) => {
  const read = concept(value);
  return read && { valueCodeableConcept: read };
};

const moment: Reader = (value, _, context) => {
  const time = timeOf(textOf(value, 1) ?? '', context);
  return time && { valueDateTime: dateTimeOf(time) };
};

const clock: Reader = (value) => {
  const time = timeOfDay(textOf(value, 1) ?? '');
  return time === undefined ? undefined : { valueTime: time };
};

const plain = (
  value: Repetition,
  _segment: Segment,
  _context: Context,
  joined = false,
): ObservationValue | undefined => {
  const whole = joined ? value.components.map((_, at) => textOf(value, at + 1) ?? '').join('') : wholeOf(value);
  return whole === undefined || whole === '' ? undefined : { valueString: whole };
};

/** OBX-2 (HL7 table 0125) → how OBX-5 is read. ED and RP go to the report's attachments; the rest is text. */
const readers: Readonly<Record<string, Reader>> = {
  NM: numeric,
  SN: structured,
  NR: range,
  CE: coded,
  CF: coded,
  CNE: coded,
  CWE: coded,
  IS: coded,
  ID: coded,
  DT: moment,
  TS: moment,
  DTM: moment,
  TM: clock,
};

const joinedTypes = ['ST', 'TX', 'FT'];

/**
 * @returns the values of OBX-5's repetitions: one is the observation's, several are its components'; repeated text is one text of lines.
 * A value that is not of its type comes back as text, so that nothing a laboratory said is left out.
 */
export const observationValues = (segment: Segment, context: Context): ObservationValue[] => {
  const type = segment.text(2) ?? '';
  if (type === 'ED' || type === 'RP') return [];
  if (joinedTypes.includes(type)) {
    const lines = segment.repetitions(5).map((each) => wholeOf(each) ?? '');
    return lines.join('') === '' ? [] : [{ valueString: lines.join('\n').trim() }];
  }
  const repetitions = segment.repetitions(5).filter(({ raw }) => raw !== '' && raw !== '""');
  const read = Object.hasOwn(readers, type) ? readers[type] : undefined;
  return repetitions
    .map((each) => read?.(each, segment, context) ?? fallback(each, segment, context, read !== undefined))
    .filter((each) => each !== undefined);
};

const fallback = (
  value: Repetition,
  segment: Segment,
  context: Context,
  typed: boolean,
): ObservationValue | undefined => {
  if (typed) context.issues.push({ code: 'not-convertible', where: value.where() });
  return plain(value, segment, context);
};
