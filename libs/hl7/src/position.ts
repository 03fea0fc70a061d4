/** A place in a message, every number from 1: `PID[1]-3[2].4.1` is subcomponent 1 of component 4 of the second PID-3 of the first PID. */
export type Position = {
  readonly segment: string;
  /** counts segments of the same name */
  readonly occurrence: number;
  readonly field?: number | undefined;
  readonly repetition?: number | undefined;
  readonly component?: number | undefined;
  readonly subcomponent?: number | undefined;
};

const grammar =
  /^([A-Z][A-Z0-9]{2})(?:\[(\d{1,5})\])?(?:-(\d{1,3})(?:\[(\d{1,4})\])?(?:\.(\d{1,3})(?:\.(\d{1,3}))?)?)?$/;

/** @returns undefined for a text that is no position */
export const parsePosition = (text: string): Position | undefined => {
  const found = grammar.exec(text);
  if (found === null) return undefined;
  const [, segment = '', occurrence, field, repetition, component, subcomponent] = found;
  const number = (digits: string | undefined) => (digits === undefined ? undefined : Number(digits));
  return {
    segment,
    occurrence: number(occurrence) ?? 1,
    field: number(field),
    repetition: number(repetition),
    component: number(component),
    subcomponent: number(subcomponent),
  };
};

const nth = (count: number | undefined): string => (count === undefined || count === 1 ? '' : `[${count}]`);

/** The shortest form: `[1]` is left out. */
export const formatPosition = (at: Position): string =>
  at.segment +
  nth(at.occurrence) +
  (at.field === undefined ? '' : `-${at.field}${nth(at.repetition)}`) +
  (at.component === undefined ? '' : `.${at.component}`) +
  (at.subcomponent === undefined ? '' : `.${at.subcomponent}`);
