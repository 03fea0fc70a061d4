import type { Segment } from '@medshare/hl7';
import { Reading } from './reading.js';
import { concept } from './types-coded.js';
import { unitOf, type Unit } from './types-quantity.js';
import { dateTimeOf, decimal, timeOf, timeOfDay } from './types-value.js';
import type { Context } from './context.js';

/** one member of Observation.value[x] */
export type ObservationValue = Readonly<Record<string, unknown>>;

/** OBX-6, read along with a number of OBX-5 */
const unitsOf = (value: Reading): Unit => unitOf(value.beside(6));

const quantity = (value: Reading, component: number, comparator?: string) => {
  const number = decimal(value.peek(component) ?? '');
  if (number === undefined) return undefined;
  value.text(component);
  return { value: number, ...(comparator && { comparator }), ...unitsOf(value) };
};

type Reader = (value: Reading, context: Context) => ObservationValue | undefined;

const numeric: Reader = (value) => {
  const read = quantity(value, 1);
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
const structured: Reader = (value) => {
  const [comparator = '=', separator, high] = [value.peek(1), value.peek(3), value.peek(4)];
  const numbers = [2, 4].every((component) => decimal(value.peek(component) ?? '') !== undefined);
  if (separator === '-' && numbers && value.text(3))
    return { valueRange: { low: quantity(value, 2), high: quantity(value, 4) } };
  if ((separator === ':' || separator === '/') && numbers && value.text(3))
    return { valueRatio: { numerator: quantity(value, 2), denominator: quantity(value, 4) } };
  const known = Object.hasOwn(comparators, comparator) && separator === undefined && high === undefined;
  const compared = known ? quantity(value, 2, comparators[comparator]) : undefined;
  if (compared === undefined) return joined(value);
  value.text(1);
  return { valueQuantity: compared };
};

/** NR: low ^ high */
const range: Reader = (value) => {
  const [low, high] = [quantity(value, 1), quantity(value, 2)];
  return low === undefined && high === undefined
    ? undefined
    : { valueRange: { ...(low && { low }), ...(high && { high }) } };
};

const coded: Reader = (value) => {
  const read = concept(value);
  return read && { valueCodeableConcept: read };
};

const moment: Reader = (value, context) => {
  const time = timeOf(value.peek(1) ?? '', context);
  return time === undefined || value.text(1) === undefined ? undefined : { valueDateTime: dateTimeOf(time) };
};

const clock: Reader = (value) => {
  const time = timeOfDay(value.peek(1) ?? '');
  return time === undefined || value.text(1) === undefined ? undefined : { valueTime: time };
};

const plain = (value: Reading): ObservationValue | undefined => {
  const whole = value.whole();
  return whole === undefined ? undefined : { valueString: whole };
};

const joined = (value: Reading): ObservationValue | undefined => {
  if (value.length > 10) return plain(value);
  const text = Array.from({ length: value.length }, (_, at) => value.text(at + 1) ?? '').join('');
  return text === '' ? undefined : { valueString: text };
};

/** OBX-2 (HL7 table 0125) → how OBX-5 is read. ED and RP are attachments; the rest is text. */
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
  ST: plain,
  TX: plain,
  FT: plain,
};

const lineTypes = ['ST', 'TX', 'FT'];
export const isText = (segment: Segment): boolean => lineTypes.includes(segment.text(2) ?? '');
export const isAttachment = (segment: Segment): boolean => ['ED', 'RP'].includes(segment.text(2) ?? '');

/**
 * @returns the values of OBX-5's repetitions: one is the observation's, several are its components'; repeated text is one text of lines.
 * A value that is not of its type comes back as text, so that nothing a laboratory said is left out.
 */
export const observationValues = (segment: Segment, context: Context): ObservationValue[] => {
  const type = segment.text(2) ?? '';
  const reader = Object.hasOwn(readers, type) ? readers[type] : undefined;
  if (reader !== undefined) context.ledger.take([segment.first(2).where(1, 1)]);
  const repetitions = segment.repetitions(5).filter(({ raw }) => raw !== '""');
  if (isText(segment))
    return lines(
      repetitions.map((each) => new Reading(segment, each)),
      context,
    );
  return repetitions
    .filter(({ raw }) => raw !== '')
    .map((each) => readOne(new Reading(segment, each), reader, context))
    .filter((each) => each !== undefined);
};

const lines = (values: readonly Reading[], context: Context): ObservationValue[] => {
  const text = values.map((each) => each.whole() ?? '');
  context.ledger.take(values.flatMap(({ read }) => read));
  return text.join('') === '' ? [] : [{ valueString: text.join('\n').trim() }];
};

const readOne = (value: Reading, reader: Reader | undefined, context: Context): ObservationValue | undefined => {
  const read = reader?.(value, context);
  const found = read ?? plain(value);
  if (reader !== undefined && read === undefined && found !== undefined) context.ledger.misread(value.where());
  context.ledger.take(value.read);
  return found;
};
