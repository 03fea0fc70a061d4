import type { Message, Repetition, Segment } from '@medshare/hl7';
import { clean } from './reading.js';

/**
 * What the record does not hold of the message; the raw message does.
 * - `not-mapped`: no rule takes the value where it stands
 * - `not-convertible`: the value is not what its rule could read
 * - `no-room`: the element that would take it holds another value
 * - `explicit-null`: the sender asked to delete
 * - `message-only`: it serves the message, not the record (set ids, delimiters, kinds of acknowledgement)
 * - `more`: the report is full; `where` says of which segment the first one left out is
 */
export type LossCode = 'not-mapped' | 'not-convertible' | 'no-room' | 'explicit-null' | 'message-only' | 'more';

export type MapIssue = {
  readonly code: LossCode;
  /** `PID-3[2].4.1`; the shortest position that covers only what is lost: a segment, a repetition, a component or a subcomponent */
  readonly where: string;
};

/** Losses named one by one; past it the report closes with `more`. */
export const maxIssues = 5000;

/** Accounts for every valued place of one message: read into the record, or lost and why. */
export class Ledger {
  private readonly taken: string[] = [];
  private readonly why = new Map<string, LossCode>();
  private readonly misreadAt = new Set<string>();

  /** @param positions of values that are in the record now */
  take(positions: readonly string[]): void {
    this.taken.push(...positions);
  }

  /** @returns where the account stands, for `forget` */
  get mark(): number {
    return this.taken.length;
  }

  /** What was taken since then is not in the record after all. */
  forget(mark: number): void {
    this.taken.length = mark;
  }

  /** A value that was taken is not in the record after all. */
  release(position: string): void {
    for (let at = this.taken.indexOf(position); at >= 0; at = this.taken.indexOf(position)) this.taken.splice(at, 1);
  }

  /** why a repetition, or a whole field of a segment, is not in the record */
  explain(position: string, code: LossCode): void {
    if (!this.why.has(position)) this.why.set(position, code);
  }

  /** A repetition that is in the record, but as text only. */
  misread(position: string): void {
    this.misreadAt.add(position);
  }

  /** @returns what is lost of a message, in its order, bounded by `maxIssues` */
  report(message: Message): MapIssue[] {
    const taken = new Set(this.taken);
    const issues: MapIssue[] = [];
    for (const segment of message.segments) {
      const found = this.ofSegment(segment, taken);
      if (issues.length + found.length > maxIssues) return [...issues, { code: 'more', where: segment.where() }];
      issues.push(...found);
    }
    return issues;
  }

  private ofSegment(segment: Segment, taken: ReadonlySet<string>): MapIssue[] {
    const fields = [...segment.fields.keys()].filter((field) => field > 0);
    const known = (value: Repetition) => leaves(value).some((leaf) => taken.has(leaf)) || this.why.has(value.where());
    const values = fields.flatMap((field) => segment.repetitions(field));
    const untouched = !values.some(known) && !fields.some((field) => this.why.has(segment.where(field)));
    if (untouched) return values.some(isValued) ? [{ code: 'not-mapped', where: segment.where() }] : [];
    return fields.flatMap((field) =>
      segment.repetitions(field).flatMap((value) => this.ofValue(value, this.why.get(segment.where(field)), taken)),
    );
  }

  private ofValue(value: Repetition, ofField: LossCode | undefined, taken: ReadonlySet<string>): MapIssue[] {
    const where = value.where();
    if (ofField === 'message-only') return [{ code: ofField, where }];
    if (this.misreadAt.has(where)) return [{ code: 'not-convertible', where }];
    const code = this.why.get(where) ?? 'not-mapped';
    const places = leaves(value);
    const lost = places.filter((leaf) => !taken.has(leaf));
    const nulls = nullsOf(value).map((place): MapIssue => ({ code: 'explicit-null', where: place }));
    if (lost.length === 0) return nulls;
    if (lost.length === places.length && nulls.length === 0) return [{ code, where }];
    return [...this.ofComponents(value, taken, code), ...nulls];
  }

  /** components lost whole, else the subcomponents */
  private ofComponents(value: Repetition, taken: ReadonlySet<string>, code: LossCode): MapIssue[] {
    return value.components.flatMap((_, at) => {
      const places = leavesOf(value, at + 1);
      const lost = places.filter((leaf) => !taken.has(leaf));
      const whole = lost.length > 0 && lost.length === places.length;
      return whole ? [{ code, where: value.where(at + 1) }] : lost.map((where) => ({ code, where }));
    });
  }
}

const leavesOf = (value: Repetition, component: number): string[] =>
  value
    .subcomponents(component)
    .flatMap((text, at) => (clean(text) === undefined ? [] : [value.where(component, at + 1)]));

/** the positions of a repetition's valued subcomponents; a blank is no value */
export const leaves = (value: Repetition): string[] => value.components.flatMap((_, at) => leavesOf(value, at + 1));

/** where the sender wrote `""` */
const nullsOf = (value: Repetition): string[] =>
  value.raw === '""'
    ? [value.where()]
    : value.components.flatMap((part, at) => (part === '""' ? [value.where(at + 1)] : []));

const isValued = (value: Repetition): boolean => leaves(value).length > 0 || nullsOf(value).length > 0;
