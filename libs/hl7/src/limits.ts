/** What a message may cost. Every bound is inclusive; past it parsing refuses with `hl7.too-large` or `hl7.too-many`. */
export type Limits = {
  /** bytes of one message, framing excluded */
  readonly bytes: number;
  /** segments of one message */
  readonly segments: number;
  /** fields of one segment */
  readonly fields: number;
  /** repetition separators of one segment, plus one */
  readonly repetitions: number;
  /** the MSH-18 name that holds where MSH-18 is empty; the standard says ASCII */
  readonly defaultCharset: string;
};

export const defaultLimits: Limits = Object.freeze({
  bytes: 8 * 1024 * 1024,
  segments: 10_000,
  fields: 500,
  repetitions: 1_000,
  defaultCharset: 'ASCII',
});
