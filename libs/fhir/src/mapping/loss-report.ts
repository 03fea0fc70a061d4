import type { OperationOutcome, OperationOutcomeIssue } from '@medshare/problems';
import type { LossCode, MapIssue } from './ledger.js';

/** what a loss means, how grave it is, and what R4 calls such an issue (http://hl7.org/fhir/R4/codesystem-issue-type.html) */
const kinds: Readonly<Record<LossCode, Pick<OperationOutcomeIssue, 'severity' | 'code'> & { text: string }>> = {
  'not-mapped': {
    text: 'A value that the record does not hold; the raw message does',
    severity: 'warning',
    code: 'not-supported',
  },
  'not-convertible': {
    text: 'A value that could not be read as what it should be',
    severity: 'warning',
    code: 'value',
  },
  'no-room': {
    text: 'A value whose element holds another value of the message',
    severity: 'warning',
    code: 'multiple-matches',
  },
  'explicit-null': { text: 'The sender asks to delete a value', severity: 'information', code: 'informational' },
  'message-only': {
    text: 'A value that serves the message and not the record',
    severity: 'information',
    code: 'informational',
  },
  more: { text: 'The report is full: what follows here was not looked at', severity: 'warning', code: 'too-costly' },
};

/** The code system of losses: docs/mapping.md is its definition. */
const system = 'urn:medshare:mapping';

/**
 * The loss report of one mapping: every valued place of the message that is not in the record, by its position and never by its content.
 * What matters to a reader of the record comes first.
 */
export const lossReport = (issues: readonly MapIssue[]): OperationOutcome => {
  const issue = issues.map(({ code, where }) => ({
    severity: kinds[code].severity,
    code: kinds[code].code,
    details: { coding: [{ system, code }], text: kinds[code].text },
    diagnostics: where,
  }));
  const warnings = issue.filter(({ severity }) => severity === 'warning');
  const others = issue.filter(({ severity }) => severity !== 'warning');
  return {
    resourceType: 'OperationOutcome',
    issue:
      issue.length === 0
        ? [{ severity: 'information', code: 'informational', details: { text: 'Everything was mapped' } }]
        : [...warnings, ...others],
  };
};
