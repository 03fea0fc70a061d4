import { problem } from '@medshare/problems';

export type Precision = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'fraction';

/** A time as a source gave it: an instant, how exactly it was given, and the zone it was read in. */
export type Timestamp = {
  /** ISO 8601 UTC, milliseconds: the beginning of what was given */
  readonly instant: string;
  readonly precision: Precision;
  /** `+08:00`; the offset in force then */
  readonly zone: string;
  /** ISO 8601 in that zone at that precision: `2024`, `2024-01`, `2024-01-02`, `2024-01-02T03`, `…T03:04`, `…T03:04:05.1234` */
  readonly local: string;
};

const grammar = /^(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{1,4}))?)?)?)?)?)?([+-]\d{4})?$/;
const precisions: readonly Precision[] = ['year', 'month', 'day', 'hour', 'minute', 'second', 'fraction'];

const pad = (value: number, width = 2) => String(value).padStart(width, '0');

/**
 * Reads TS, DTM and DT (HL7 v2.5 sections 2.A.21, 2.A.22, 2.A.77).
 * @param feedZone IANA name or `+08:00`: holds where the value names no offset, as every feed must say where it stands
 * @throws Problem hl7.data-type for anything else, for dates that do not exist, and config.invalid for an unknown zone
 */
export const parseTimestamp = (text: string, feedZone: string): Timestamp => {
  const read = readTimestamp(text, feedZone);
  if (typeof read === 'string') throw problem('hl7.data-type', { detail: read });
  return read;
};

/**
 * The same where values that are no time are nothing special: nothing is thrown for them.
 * @returns the time, or which rule the text breaks
 * @throws Problem config.invalid for an unknown zone
 */
export const readTimestamp = (text: string, feedZone: string): Timestamp | string => {
  const found = grammar.exec(text);
  if (found === null) return 'not YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]';
  const digits = found.slice(1, 8);
  const precision = precisions[digits.findIndex((part) => part === undefined) - 1] ?? 'fraction';
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = digits
    .slice(0, 6)
    .flatMap((part) => (part ? [Number(part)] : []));
  const wrong = calendarRule(year, month, day, hour, minute, second);
  if (wrong !== undefined) return wrong;
  const wall = utc(year, month, day, hour, minute, second) + Math.floor(Number(`0.${digits[6] ?? 0}`) * 1000);
  const offset = found[8] === undefined ? offsetAt(wall, feedZone) : parseOffset(found[8]);
  if (offset === undefined) return 'no such offset';
  return {
    instant: new Date(wall - offset * 60_000).toISOString(),
    precision,
    zone: formatOffset(offset),
    local: formatLocal(digits),
  };
};

const utc = (year: number, month: number, day: number, hour: number, minute: number, second: number): number => {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.setUTCHours(hour, minute, second, 0);
};

/** @returns the rule that is broken */
const calendarRule = (
  ...[year, month, day, hour, minute, second]: [number, number, number, number, number, number]
): string | undefined => {
  const exists =
    month >= 1 && month <= 12 && day >= 1 && day <= new Date(utc(year, month + 1, 0, 0, 0, 0)).getUTCDate();
  if (year === 0 || !exists) return 'no such date';
  return hour > 23 || minute > 59 || second > 59 ? 'no such time of day' : undefined;
};

const formatLocal = ([year, month, day, hour, minute, second, fraction]: readonly (string | undefined)[]): string =>
  [year, month && `-${month}`, day && `-${day}`, hour && `T${hour}`, minute && `:${minute}`, second && `:${second}`]
    .concat(fraction && `.${fraction}`)
    .join('');

const parseOffset = (text: string): number | undefined => {
  const hours = Number(text.slice(1, 3));
  const minutes = Number(text.slice(3, 5));
  if (hours > 14 || minutes > 59) return undefined;
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
};

const formatOffset = (minutes: number): string => {
  const size = Math.abs(minutes);
  return (minutes < 0 ? '-' : '+') + pad(Math.floor(size / 60)) + ':' + pad(size % 60);
};

const formats = new Map<string, Intl.DateTimeFormat>();

const formatFor = (zone: string): Intl.DateTimeFormat => {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  try {
    const made = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
    if (formats.size < 1000) formats.set(zone, made);
    return made;
  } catch {
    throw problem('config.invalid', { where: 'feed.zone', detail: 'an unknown time zone' });
  }
};

/** Minutes east of UTC in a zone at an instant. */
const offsetOf = (instant: number, zone: string): number => {
  const name = formatFor(zone)
    .formatToParts(instant)
    .find((part) => part.type === 'timeZoneName')?.value;
  const found = /^GMT(?:([+-])(\d\d):(\d\d))?/.exec(name ?? '');
  if (found?.[1] === undefined) return 0;
  return (found[1] === '-' ? -1 : 1) * (Number(found[2]) * 60 + Number(found[3]));
};

const dayLong = 86_400_000;
/** zone and day since the epoch → its offset when the day begins in UTC; formatting a date costs more than all else here */
const daily = new Map<string, number>();

const offsetOfDay = (day: number, zone: string): number => {
  const key = `${zone} ${day}`;
  let offset = daily.get(key);
  if (offset === undefined) {
    offset = offsetOf(day * dayLong, zone);
    if (daily.size >= 10_000) daily.clear();
    daily.set(key, offset);
  }
  return offset;
};

/** The offset of a wall time; of two (clocks set back) the earlier instant, of none (set forward) the one before the jump. */
const offsetAt = (wall: number, zone: string): number | undefined => {
  if (/^[+-]\d\d:\d\d$/.test(zone)) return parseOffset(zone.replace(':', ''));
  const day = Math.floor(wall / dayLong);
  const before = offsetOfDay(day - 1, zone);
  const after = offsetOfDay(day + 2, zone);
  if (before === after) return before;
  return offsetOf(wall - before * 60_000, zone) === before
    ? before
    : offsetOf(wall - after * 60_000, zone) === after
      ? after
      : before;
};

/** Writes an instant (ms since the epoch) as a TS in UTC, to the millisecond. */
export const stampOf = (time: number): string =>
  `${new Date(time).toISOString().replace(/[-:T]/g, '').slice(0, 18)}+0000`;
