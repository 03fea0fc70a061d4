import { isProblemCode, problems, type IssueType, type ProblemCode, type Row } from './problems.js';

/** Where and why, for the reader of a problem. */
export type ProblemOptions = {
  /** a place: `PID-7.1`, `Bundle.entry[2].resource.birthDate`, `body.purpose`, or an institution's id; never a value */
  readonly where?: string | undefined;
  /** one sentence in English about the rule that was broken; never a patient's content */
  readonly detail?: string | undefined;
  /** what was caught; stays in this process */
  readonly cause?: unknown;
};

/** The one error that crosses a boundary. Only edges turn it into HTTP problem+json, an HL7 ACK or a FHIR OperationOutcome. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly where: string | undefined;
  readonly detail: string | undefined;

  constructor(code: ProblemCode, options: ProblemOptions = {}) {
    super(messageOf(code, options), 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.where = options.where;
    this.detail = options.detail;
  }

  get title(): string {
    return problems[this.code].title;
  }

  /** HTTP status, RFC 9110 */
  get status(): number {
    return problems[this.code].status;
  }

  /** FHIR R4 IssueType */
  get issue(): IssueType {
    return problems[this.code].issue;
  }

  /** acknowledgement code (table 0008) and error code (table 0357); a code without a row of its own is an application error */
  get hl7(): NonNullable<Row['hl7']> {
    return problems[this.code].hl7 ?? { ack: 'AE', error: '207' };
  }
}

const messageOf = (code: ProblemCode, { where, detail }: ProblemOptions): string =>
  [code, where && `at ${where}`, detail && `: ${detail}`].filter(Boolean).join(' ').replace(' : ', ': ');

/** Makes a problem: `throw problem('hl7.data-type', { where: 'PID-7.1' })`. */
export const problem = (code: ProblemCode, options: ProblemOptions = {}): Problem => new Problem(code, options);

/** True for problems of any copy of this module (a bundle may carry two). */
export const isProblem = (value: unknown): value is Problem =>
  value instanceof Problem ||
  (value instanceof Error && value.name === 'Problem' && isProblemCode((value as { code?: unknown }).code));

/** Whatever was caught as a Problem; what is not one becomes `internal`, and its text stays behind in `cause`. */
export const asProblem = (caught: unknown): Problem =>
  isProblem(caught) ? caught : problem('internal', { cause: caught });
