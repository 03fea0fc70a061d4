import { isProblemCode, type IssueType, type ProblemCode } from './problems.js';
import { textOf, type Language } from './languages.js';
import { problem, type Problem } from './problem.js';

/** application/problem+json, RFC 9457 section 3; `code` and `where` are extension members. */
export type ProblemJson = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly instance?: string;
  readonly code: ProblemCode;
  readonly where?: string;
};

const typePrefix = 'urn:medshare:problem:';

export type ProblemJsonOptions = {
  /** a URI reference of this occurrence (a request id), RFC 9457 section 3.1.5 */
  readonly instance?: string;
  /** of the title; English unless said otherwise */
  readonly language?: Language;
};

/**
 * @returns the body; neither the cause nor a stack is in it
 */
export const toProblemJson = (from: Problem, { instance, language }: ProblemJsonOptions = {}): ProblemJson => ({
  type: typePrefix + from.code,
  title: textOf(from.code, language).title,
  status: from.status,
  ...(from.detail !== undefined && { detail: from.detail }),
  ...(instance !== undefined && { instance }),
  code: from.code,
  ...(from.where !== undefined && { where: from.where }),
});

/** Reads another process's problem+json. A code that this release does not know becomes `peer.refused`. */
export const fromProblemJson = (body: unknown): Problem => {
  const { code, where, detail } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  return problem(isProblemCode(code) ? code : 'peer.refused', {
    where: typeof where === 'string' ? where.slice(0, 256) : undefined,
    detail: typeof detail === 'string' ? detail.slice(0, 1024) : undefined,
  });
};

/** FHIR R4 OperationOutcome (http://hl7.org/fhir/R4/operationoutcome.html), the elements used here. */
export type OperationOutcome = {
  readonly resourceType: 'OperationOutcome';
  readonly issue: readonly OperationOutcomeIssue[];
};
export type OperationOutcomeIssue = {
  readonly severity: 'fatal' | 'error' | 'warning' | 'information';
  readonly code: IssueType;
  readonly details: {
    readonly coding?: readonly { readonly system: string; readonly code: string }[];
    readonly text: string;
  };
  readonly diagnostics?: string;
  readonly expression?: readonly string[];
};

/** FHIRPath places go to `expression`; places in other languages (PID-3) to `diagnostics`. */
const fhirPath = /^[A-Z][A-Za-z]+(\.[A-Za-z]+(\[\d+\])?|\[\d+\])*$/;

const issueOf = (from: Problem, language: Language | undefined): OperationOutcomeIssue => {
  const place = from.where !== undefined && fhirPath.test(from.where) ? from.where : undefined;
  const diagnostics = [place === undefined ? from.where : undefined, from.detail]
    .filter((part) => part !== undefined)
    .join(': ');
  return {
    severity: 'error',
    code: from.issue,
    details: { coding: [{ system: 'urn:medshare:problem', code: from.code }], text: textOf(from.code, language).title },
    ...(diagnostics !== '' && { diagnostics }),
    ...(place !== undefined && { expression: [place] }),
  };
};

/** @returns an OperationOutcome with one issue a problem; with none, the single informational issue that R4 requires */
export const toOperationOutcome = (from: readonly Problem[], language?: Language): OperationOutcome => ({
  resourceType: 'OperationOutcome',
  issue:
    from.length > 0
      ? from.map((each) => issueOf(each, language))
      : [{ severity: 'information', code: 'processing', details: { text: 'No problem' } }],
});
