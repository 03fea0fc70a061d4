import type { Segment } from '@medshare/hl7';
import type { Context, Resource } from './context.js';
import { Reading } from './reading.js';

/** Reads one repetition as a value of a FHIR type; undefined when it cannot. */
export type Type = (value: Reading, context: Context) => unknown;

/** Whether a row holds for a segment: most do always. */
export type Condition = (segment: Segment, context: Context) => boolean;

/**
 * field → element, by a data type. In an element's path `name[]` appends to a list, `name[0]` is its first member, `a.b` goes deeper.
 * Several rows may take one field, each what it reads of it.
 */
export type Row = readonly [field: number, element: string, type: Type, when?: Condition];

/** one segment's mapping */
export type Table = {
  readonly rows: readonly Row[];
  /** fields that serve the message and not the record, as set ids do */ readonly messageOnly?: readonly number[];
};

/** A data type of one component. */
export const single =
  (convert: (text: string, context: Context) => unknown): Type =>
  (value, context) => {
    const text = value.peek(1);
    const converted = text === undefined ? undefined : convert(text, context);
    if (converted !== undefined) value.text(1);
    return converted;
  };

/** A value that a field always has where it is valued at all. */
export const always =
  (value: unknown, type: Type): Type =>
  (from, context) =>
    type(from, context) === undefined ? undefined : value;

export const isValued = (segment: Segment, field: number): boolean =>
  segment.repetitions(field).some((each) => each.components.some((part) => part !== '' && part !== '""'));

export const unless =
  (...fields: readonly number[]): Condition =>
  (segment) =>
    !fields.some((field) => isValued(segment, field));

export const where =
  (field: number): Condition =>
  (segment) =>
    isValued(segment, field);

/** Fills a resource and notes what of the segment it holds now. @returns whether anything was placed */
export const applyTable = (segment: Segment, { rows, messageOnly = [] }: Table, into: object, context: Context) => {
  for (const field of messageOnly) context.ledger.explain(segment.where(field), 'message-only');
  let placed = false;
  for (const field of new Set(rows.map(([number]) => number)))
    for (const value of segment.repetitions(field)) {
      const mine = rows.filter(([number, , , when]) => number === field && (when?.(segment, context) ?? true));
      if (value.raw === '' || value.raw === '""') continue;
      const readings = mine.map((row) => apply(row, new Reading(segment, value), into as Resource, context));
      const done = readings.flatMap((each) => (typeof each === 'string' ? [] : each));
      context.ledger.take(done);
      placed ||= done.length > 0;
      if (done.length === 0) explain(value.where(), readings, context);
    }
  return placed;
};

type Outcome = readonly string[] | 'not-convertible' | 'no-room';

const explain = (position: string, outcomes: readonly Outcome[], context: Context): void => {
  const unread = outcomes.length === 0 ? 'not-mapped' : 'not-convertible';
  context.ledger.explain(position, outcomes.includes('no-room') ? 'no-room' : unread);
};

const apply = ([, element, type]: Row, value: Reading, resource: Resource, context: Context): Outcome => {
  const converted = type(value, context);
  if (converted === undefined) return 'not-convertible';
  if (!place(resource, element.split('.'), converted)) return 'no-room';
  return value.read.length > 0 ? value.read : 'not-convertible';
};

type Node = Record<string, unknown>;

/** @returns false when a single element is taken already: the first repetition wins, the others are reported */
const place = (node: Node, [step = '', ...rest]: readonly string[], value: unknown): boolean => {
  const [, name = step, index] = /^(.*)\[(0?)\]$/.exec(step) ?? [];
  if (index === '0') {
    const list = (node[name] ??= []) as unknown[];
    return place(list as unknown as Node, ['0', ...rest], value);
  }
  if (rest.length > 0) return place((node[name] ??= {}) as Node, rest, value);
  if (index === '') {
    const list = (node[name] ??= []) as unknown[];
    if (!list.some((each) => same(each, value))) list.push(value);
    return true;
  }
  node[name] ??= value;
  return same(node[name], value);
};

/** ORC and OBR, PID-3 and PID-4 often say the same twice */
const same = (a: unknown, b: unknown): boolean =>
  a === b || (typeof a === 'object' && typeof b === 'object' && JSON.stringify(a) === JSON.stringify(b));

export const push = (resource: Resource, element: string, value: unknown): void => {
  ((resource[element] ??= []) as unknown[]).push(value);
};
