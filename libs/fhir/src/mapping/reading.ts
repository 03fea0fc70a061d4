import type { Repetition, Segment } from '@medshare/hl7';

/** control characters are not FHIR's; what is blank is not there */
export const clean = (text: string | undefined): string | undefined => {
  const plain = text?.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, ' ').trim();
  return plain === '' ? undefined : plain;
};

/** the position that stands for all of a repetition */
export const wholeOf = (value: Repetition): string => `${value.where()}.*`;

/**
 * One repetition of a field as a rule reads it. What the rule asks for is noted, so that a value nobody asked for is known to be lost:
 * read with `text` only what goes into the record, and look with `peek` at what merely decides.
 */
export class Reading {
  constructor(
    readonly segment: Segment,
    private readonly value: Repetition,
    /** positions of what was read */
    readonly read: string[] = [],
    /** the component whose subcomponents this reading takes for components */
    private readonly within?: number,
  ) {}

  private place(component: number, subcomponent: number): [number, number] {
    return this.within === undefined ? [component, subcomponent] : [this.within, component];
  }

  /** @returns the text without noting that it was read */
  peek(component: number, subcomponent = 1): string | undefined {
    return clean(this.value.text(...this.place(component, subcomponent)));
  }

  text(component: number, subcomponent = 1): string | undefined {
    const text = this.peek(component, subcomponent);
    if (text !== undefined) this.read.push(this.value.where(...this.place(component, subcomponent)));
    return text;
  }

  /** @returns what a table makes of a code; one that it does not know is not read */
  code<T>(component: number, table: Readonly<Record<string, T>>): T | undefined {
    const code = this.peek(component);
    const known =
      code === undefined ? undefined : [code, code.toUpperCase()].find((each) => Object.hasOwn(table, each));
    if (known === undefined) return undefined;
    this.text(component);
    return table[known];
  }

  /** the whole repetition as one text: senders leave separators unescaped in ST, TX and FT */
  whole(): string | undefined {
    if (this.within !== undefined) return this.text(1);
    const whole = clean(this.value.whole());
    if (whole !== undefined) this.read.push(wholeOf(this.value));
    return whole;
  }

  /** a component read as a value of its own, its subcomponents being the components */
  part(component: number): Reading {
    return new Reading(this.segment, this.value, this.read, component);
  }

  /** the first repetition of another field of the segment, read for the same element */
  beside(field: number): Reading {
    return new Reading(this.segment, this.segment.first(field), this.read);
  }

  /** whether a component has subcomponents */
  divided(component: number): boolean {
    return this.value.subcomponents(component).length > 1;
  }

  get length(): number {
    return this.value.components.length;
  }

  where(): string {
    return this.value.where();
  }
}
