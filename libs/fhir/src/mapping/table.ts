import type { Repetition, Segment } from '@medshare/hl7';
import type { Context, Resource } from './context.js';

/** Reads one repetition as a value of a FHIR type; undefined when it cannot. */
export type Convert = (value: Repetition, context: Context) => unknown;

/** A data type's mapping: which components it reads, so that the others can be reported. */
export type Type = { readonly components: readonly number[]; readonly convert: Convert };

/** field → element, by a data type. `name[]` appends, `period.start` goes deeper. */
export type Row = readonly [field: number, element: string, type: Type];

/** one segment's mapping */
export type Table = {
  readonly rows: readonly Row[];
  /** read elsewhere, or without meaning in a record */ readonly silent?: readonly number[];
};

/** A data type of one component. */
export const single = (convert: (text: string, context: Context) => unknown): Type => ({
  components: [1],
  convert: (value, context) => {
    const text = textOf(value, 1);
    return text === undefined ? undefined : convert(text, context);
  },
});

/** control characters are not FHIR's; what is blank is not there */
const clean = (text: string | undefined): string | undefined => {
  const plain = text?.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, ' ').trim();
  return plain === '' ? undefined : plain;
};

export const textOf = (value: Repetition, component: number, subcomponent = 1): string | undefined =>
  clean(value.text(component, subcomponent));

export const wholeOf = (value: Repetition): string | undefined => clean(value.whole());

/** Applies a table and reports each valued field and component that it left. */
export const applyTable = (
  segment: Segment,
  { rows, silent = [] }: Table,
  resource: Resource,
  context: Context,
): void => {
  for (const field of segment.fields.keys()) {
    const mine = rows.filter(([number]) => number === field);
    const known = mine.length > 0 || silent.includes(field) || field === 0;
    for (const value of segment.repetitions(field)) {
      if (!value.components.some((part) => part !== '')) continue;
      if (!known) context.issues.push({ code: 'not-mapped', where: value.where() });
      else apply(value, mine, resource, context);
    }
  }
};

const apply = (value: Repetition, rows: readonly Row[], resource: Resource, context: Context): void => {
  if (rows.length === 0) return;
  if (value.raw === '""') {
    context.issues.push({ code: 'explicit-null', where: value.where() });
    return;
  }
  const placed = rows.map(([, element, type]) => {
    const converted = type.convert(value, context);
    return converted !== undefined && place(resource, element.split('.'), converted);
  });
  if (!placed.includes(true)) context.issues.push({ code: 'not-convertible', where: value.where() });
  else reportComponents(value, new Set(rows.flatMap(([, , type]) => type.components)), context);
};

const reportComponents = (value: Repetition, used: ReadonlySet<number>, context: Context): void => {
  value.components.forEach((part, at) => {
    if (part !== '' && part !== '""' && !used.has(at + 1))
      context.issues.push({ code: 'not-mapped', where: value.where(at + 1) });
  });
};

type Node = Record<string, unknown>;

/** @returns false when a single element is taken already: the first repetition wins, the others are reported */
const place = (node: Node, [step = '', ...rest]: readonly string[], value: unknown): boolean => {
  const name = step.replace('[]', '');
  if (rest.length > 0) return place((node[name] ??= {}) as Node, rest, value);
  if (step.endsWith('[]')) {
    const list = (node[name] ??= []) as unknown[];
    if (!list.some((each) => same(each, value))) list.push(value);
    return true;
  }
  node[name] ??= value;
  return same(node[name], value);
};

/** ORC and OBR, PID-3 and PID-4 often say the same twice */
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
