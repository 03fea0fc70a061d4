import type { Message, Repetition, Segment } from '@medshare/hl7';
import { clean, wholeOf } from './reading.js';

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
  private readonly released = new Set<string>();

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
    this.released.add(position);
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
    const taken = new Set(this.taken.filter((position) => !this.released.has(position)));
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
    const values = fields.flatMap((field) =>
      segment.repetitions(field).map((value) => ({ value, ofField: this.why.get(segment.where(field)) })),
    );
    const found = values.map(({ value, ofField }) => this.ofValue(value, ofField, taken));
    const untouched =
      found.every(({ touched }) => !touched) && !fields.some((field) => this.why.has(segment.where(field)));
    const issues = found.flatMap((each) => each.issues);
    return untouched && issues.length > 0 ? [{ code: 'not-mapped', where: segment.where() }] : issues;
  }

  /** what is lost of a repetition, and whether a rule had to do with it */
  private ofValue(
    value: Repetition,
    ofField: LossCode | undefined,
    taken: ReadonlySet<string>,
  ): { issues: MapIssue[]; touched: boolean } {
    const where = value.where();
    const why = this.why.get(where);
    if (value.raw === '') return { issues: [], touched: false };
    if (ofField === 'message-only') return { issues: [{ code: ofField, where }], touched: true };
    if (this.misreadAt.has(where)) return { issues: [{ code: 'not-convertible', where }], touched: true };
    if (taken.has(wholeOf(value))) return { issues: [], touched: true };
    const code = why ?? 'not-mapped';
    if (value.raw.length > maxCuts && value.cuts > maxCuts) return { issues: [{ code, where }], touched: true };
    const leaves = leavesOf(value);
    const nulls = value.raw === '""' ? [where] : leaves.filter(({ isNull }) => isNull).map((leaf) => leaf.where);
    const lost = leaves.filter((leaf) => !leaf.isNull && !taken.has(leaf.where));
    const touched = why !== undefined || lost.length + nulls.length < leaves.length;
    const whole = lost.length > 0 && lost.length === leaves.length;
    const named = whole ? [where] : shortest(value, leaves, lost);
    return {
      issues: [
        ...named.map((each): MapIssue => ({ code, where: each })),
        ...nulls.map((each): MapIssue => ({ code: 'explicit-null', where: each })),
      ],
      touched,
    };
  }
}

/** Parts of one repetition that are accounted for one by one; one that is cut into more is lost as a whole. */
const maxCuts = 1000;

type Leaf = { readonly component: number; readonly where: string; readonly isNull: boolean };

/** the valued subcomponents of a repetition; a blank is no value, `""` is a wish to delete */
const leavesOf = (value: Repetition): Leaf[] =>
  value.leaves
    .filter(({ text }) => text === '' || clean(text) !== undefined)
    .map(({ component, subcomponent, text }) => ({
      component,
      where: text === '' ? value.where(component) : value.where(component, subcomponent),
      isNull: text === '',
    }));

/** a component where all of it is lost, else its subcomponents */
const shortest = (value: Repetition, leaves: readonly Leaf[], lost: readonly Leaf[]): string[] => {
  const count = (of: readonly Leaf[], component: number) => of.filter((leaf) => leaf.component === component).length;
  const components = [...new Set(lost.map(({ component }) => component))];
  return components.flatMap((component) =>
    count(lost, component) === count(leaves, component)
      ? [value.where(component)]
      : lost.filter((leaf) => leaf.component === component).map(({ where }) => where),
  );
};
