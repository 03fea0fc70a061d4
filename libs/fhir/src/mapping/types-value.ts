import { readTimestamp, type Timestamp } from '@medshare/hl7';
import { Decimal } from '../fhir-json.js';
import type { Context } from './context.js';
import type { Reading } from './reading.js';
import { single, type Type } from './table.js';

/** @returns undefined for what is no time */
export const timeOf = (text: string, context: Context): Timestamp | undefined => {
  const read = readTimestamp(text, context.feedZone);
  return typeof read === 'string' ? undefined : read;
};

/** FHIR's dateTime has seconds and an offset once it has hours: minutes and seconds are filled with zeros (R4 datatypes, dateTime). */
export const dateTimeOf = (time: Timestamp): string => {
  const { local, precision, zone } = time;
  if (precision === 'year' || precision === 'month' || precision === 'day') return local;
  const filled = precision === 'hour' ? `${local}:00:00` : precision === 'minute' ? `${local}:00` : local;
  return filled + zone;
};

/** TS, DTM, DT → dateTime at the precision given */
export const dateTime = single((text, context) => {
  const time = timeOf(text, context);
  return time && dateTimeOf(time);
});

/** one component as a dateTime; what is none is not read */
export const momentOf = (value: Reading, component: number, context: Context): string | undefined => {
  const time = timeOf(value.peek(component) ?? '', context);
  return time && value.text(component) && dateTimeOf(time);
};

/** one component as a calendar day */
export const dayOf = (value: Reading, component: number, context: Context): string | undefined =>
  momentOf(value, component, context)?.slice(0, 10);

/** a component of a field as a dateTime: DR.1, TQ.4 */
export const momentAt =
  (component: number): Type =>
  (value, context) =>
    momentOf(value, component, context);

/** TS, DTM, DT → date: the calendar day where it was written down */
export const date = single((text, context) => timeOf(text, context)?.local.slice(0, 10));

/** the time of day that a TS has beyond its date, for birthTime */
export const birthTime = single((text, context) => {
  const time = timeOf(text, context);
  return time && time.local.length > 10
    ? { url: 'http://hl7.org/fhir/StructureDefinition/patient-birthTime', valueDateTime: dateTimeOf(time) }
    : undefined;
});

const exact = ['second', 'fraction'];
/** TS, DTM → instant; a time without seconds is none */
export const instantAt =
  (component: number, precisions: readonly string[] = exact): Type =>
  (value, context) => {
    const time = timeOf(value.peek(component) ?? '', context);
    return time && precisions.includes(time.precision) && value.text(component) ? dateTimeOf(time) : undefined;
  };

export const instant = instantAt(1);

/** The same to the minute, for appointments and messages, which nobody makes to the second. */
export const minuteAt = (component: number): Type => instantAt(component, ['minute', ...exact]);

/** TM → time, without the offset that FHIR's time cannot have */
export const timeOfDay = (text: string): string | undefined => {
  const found = /^(\d\d)(\d\d)(?:(\d\d)(\.\d{1,4})?)?([+-]\d{4})?$/.exec(text);
  return found === null ? undefined : `${found[1]}:${found[2]}:${found[3] ?? '00'}${found[4] ?? ''}`;
};

export const time = single((text) => timeOfDay(text));

/** NM → decimal. Digits stay as they are: a sign +, zeros in front and a bare point go, zeros behind carry precision and stay. */
export const decimal = (text: string): Decimal | undefined => {
  const found = /^([+-]?)0*(\d*)(?:\.(\d*))?$/.exec(text.trim());
  if (found === null || !/\d/.test(text) || text.length > 40) return undefined;
  const [, sign, whole, fraction] = found;
  return new Decimal((sign === '-' ? '-' : '') + (whole || '0') + (fraction ? `.${fraction}` : ''));
};

/** a whole number above zero */
export const positive = single((text) => (/^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined));

/** a whole number, zero too */
export const unsigned = single((text) => (/^(0|[1-9]\d{0,8})$/.test(text) ? Number(text) : undefined));

/** ST, TX, FT, IS, ID: the text, whatever separators were left unescaped in it */
export const text: Type = (value) => value.whole();

export const annotation: Type = (value) => {
  const whole = value.whole();
  return whole === undefined ? undefined : { text: whole };
};
