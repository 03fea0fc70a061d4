import type { Codec } from './codec.js';
import type { Delimiters } from './delimiters.js';
import { unescape } from './escapes.js';
import { formatPosition, parsePosition } from './position.js';

/** How the texts of one message are read. */
export type Dialect = { readonly delimiters: Delimiters; readonly codec: Codec };

const split = (text: string, mark: string): readonly string[] =>
  mark === '' || !text.includes(mark) ? [text] : text.split(mark);

/** `undefined`: not valued. `''`: explicitly nothing, `""` on the wire, which asks the receiver to delete. */
export type Value = string | undefined;

const valueOf = (raw: string | undefined, { delimiters, codec }: Dialect): Value =>
  raw === undefined || raw === '' ? undefined : raw === '""' ? '' : unescape(raw, delimiters, codec);

/** One repetition of a field. Components and subcomponents count from 1. */
export class Repetition {
  constructor(
    readonly raw: string,
    private readonly dialect: Dialect,
    private readonly field: { segment: string; occurrence: number; field: number; repetition: number },
  ) {}

  get valued(): boolean {
    return this.raw !== '';
  }

  private cut: readonly string[] | undefined;

  get components(): readonly string[] {
    return (this.cut ??= split(this.raw, this.dialect.delimiters.component));
  }

  /** the texts of a component's subcomponents, unescaped */
  subcomponents(component: number): readonly Value[] {
    const raw = this.components[component - 1];
    return raw === undefined
      ? []
      : split(raw, this.dialect.delimiters.subcomponent).map((each) => valueOf(each, this.dialect));
  }

  /** how many components and subcomponents it is cut into, counted without cutting */
  get cuts(): number {
    const { component, subcomponent } = this.dialect.delimiters;
    let count = 1;
    for (const mark of this.raw) if (mark === component || mark === subcomponent) count += 1;
    return count;
  }

  /** every subcomponent that is not empty, in one pass */
  get leaves(): readonly { readonly component: number; readonly subcomponent: number; readonly text: Value }[] {
    return this.components.flatMap((raw, at) =>
      raw === ''
        ? []
        : split(raw, this.dialect.delimiters.subcomponent).flatMap((each, sub) =>
            each === '' ? [] : [{ component: at + 1, subcomponent: sub + 1, text: valueOf(each, this.dialect) }],
          ),
    );
  }

  text(component = 1, subcomponent = 1): Value {
    return this.subcomponents(component)[subcomponent - 1];
  }

  /** the whole repetition as one text: senders leave separators unescaped in ST, TX and FT */
  whole(): Value {
    return valueOf(this.raw, this.dialect);
  }

  private place: string | undefined;

  where(component?: number, subcomponent?: number): string {
    const place = (this.place ??= formatPosition(this.field));
    if (component === undefined) return place;
    return subcomponent === undefined ? `${place}.${component}` : `${place}.${component}.${subcomponent}`;
  }
}

/** One segment; `fields[n]` is the raw text of field n, `fields[0]` its name. MSH-1 is its separator, as in the standard. */
export class Segment {
  /** what was cut once: several rules read one field */
  private readonly cut = new Map<number, readonly Repetition[]>();

  constructor(
    readonly name: string,
    /** counts segments of this name, from 1 */
    readonly occurrence: number,
    /** index among all segments, from 0 */
    readonly index: number,
    readonly fields: readonly string[],
    private readonly dialect: Dialect,
  ) {}

  /** @returns the repetitions; none when the field is not valued */
  repetitions(field: number): readonly Repetition[] {
    const raw = this.fields[field];
    if (raw === undefined || raw === '') return [];
    let cut = this.cut.get(field);
    if (cut === undefined) {
      cut = this.parts(raw, field).map((part, at) => this.repetition(part, field, at + 1));
      this.cut.set(field, cut);
    }
    return cut;
  }

  /** @returns the first repetition, which may be empty */
  first(field: number): Repetition {
    return this.repetitions(field)[0] ?? this.repetition('', field, 1);
  }

  text(field: number, component = 1, subcomponent = 1): Value {
    return this.first(field).text(component, subcomponent);
  }

  where(field?: number): string {
    return formatPosition({ segment: this.name, occurrence: this.occurrence, field });
  }

  private parts(raw: string, field: number): readonly string[] {
    return isHeader(this.name) && field <= 2 ? [raw] : split(raw, this.dialect.delimiters.repetition);
  }

  private repetition(raw: string, field: number, repetition: number): Repetition {
    return new Repetition(raw, this.dialect, { segment: this.name, occurrence: this.occurrence, field, repetition });
  }
}

/** Segments whose first two fields declare the delimiters. */
export const isHeader = (name: string): boolean => name === 'MSH' || name === 'BHS' || name === 'FHS';

/** A parsed message; immutable. */
export class Message {
  private readonly byName: ReadonlyMap<string, readonly Segment[]>;

  constructor(
    /** the bytes it was parsed from */
    readonly bytes: Uint8Array,
    readonly dialect: Dialect,
    readonly segments: readonly Segment[],
    /** what stood after each segment: CR, LF, CR LF, blank lines; the last may be empty */
    readonly ends: readonly string[],
    /** bytes before MSH: a byte order mark, or none */
    readonly preamble = 0,
  ) {
    const byName = new Map<string, Segment[]>();
    for (const segment of segments) {
      const same = byName.get(segment.name);
      if (same === undefined) byName.set(segment.name, [segment]);
      else same.push(segment);
    }
    this.byName = byName;
  }

  get delimiters(): Delimiters {
    return this.dialect.delimiters;
  }

  get header(): Segment {
    return this.segments[0] as Segment;
  }

  all(name: string): readonly Segment[] {
    return this.byName.get(name) ?? [];
  }

  first(name: string): Segment | undefined {
    return this.all(name)[0];
  }

  /** @param path such as `PID[1]-3[2].4.1`; what is left out is 1 */
  text(path: string): Value {
    const at = parsePosition(path);
    if (at?.field === undefined) return undefined;
    const repetition = this.all(at.segment)[at.occurrence - 1]?.repetitions(at.field)[(at.repetition ?? 1) - 1];
    return repetition?.text(at.component, at.subcomponent);
  }

  /** MSH-9.1, MSH-9.2 */
  get type(): string {
    return this.header.text(9, 1) ?? '';
  }
  get trigger(): string {
    return this.header.text(9, 2) ?? '';
  }
  /** MSH-10 */
  get controlId(): string {
    return this.header.text(10) ?? '';
  }
  /** MSH-12.1 */
  get version(): string {
    return this.header.text(12) ?? '';
  }
}

/** Who sent which message: MSH-3, MSH-4, MSH-10. Two messages with one key and other bytes are a conflict. */
export type MessageKey = { readonly application: string; readonly facility: string; readonly controlId: string };

/** MSH-3 and MSH-4 are whole HDs, as a namespace alone may name two senders. */
export const messageKey = (message: Message): MessageKey => ({
  application: message.header.first(3).raw,
  facility: message.header.first(4).raw,
  controlId: message.controlId,
});
