import { codedIn, CWE, translated } from './types-coded.js';
import { EI, XCN } from './types-identity.js';
import { annotation, dateTime, instant } from './types-value.js';
import { textOf, type Row, type Table, type Type } from './table.js';
import { v2 } from './systems.js';
import type { Resource } from './context.js';

const numbered = (code: 'PLAC' | 'FILL'): Type => ({
  ...EI,
  convert: (value, context) => {
    const identifier = EI.convert(value, context) as object | undefined;
    return identifier === undefined ? undefined : { type: { coding: [{ system: v2('0203'), code }] }, ...identifier };
  },
});

/** NDL.1, a CNN in subcomponents */
const interpreter: Type = {
  components: [1],
  convert: (value) => {
    const name = [3, 2].flatMap((part) => textOf(value, 1, part) ?? []);
    const id = textOf(value, 1, 1);
    if (id === undefined && name.length === 0) return undefined;
    return {
      type: 'Practitioner',
      ...(id && { identifier: { value: id } }),
      ...(name.length > 0 && { display: name.join(' ') }),
    };
  },
};

/** HL7 table 0123 → DiagnosticReportStatus */
const reportStatus = {
  O: 'registered',
  I: 'registered',
  S: 'registered',
  A: 'partial',
  R: 'partial',
  P: 'preliminary',
  M: 'amended',
  C: 'corrected',
  F: 'final',
  X: 'cancelled',
};

/** HL7 table 0038 → RequestStatus */
const orderStatus = {
  A: 'active',
  IP: 'active',
  SC: 'active',
  CM: 'completed',
  CA: 'revoked',
  DC: 'revoked',
  RP: 'revoked',
  HD: 'on-hold',
  ER: 'entered-in-error',
};

const identifiers: readonly Row[] = [
  [2, 'identifier[]', numbered('PLAC')],
  [3, 'identifier[]', numbered('FILL')],
];

const ofReport: readonly Row[] = [
  ...identifiers,
  [4, 'code', CWE],
  [7, 'effectivePeriod.start', dateTime],
  [8, 'effectivePeriod.end', dateTime],
  [22, 'issued', instant],
  [24, 'category[]', codedIn('0074')],
  [25, 'status', translated(reportStatus, 'unknown')],
  [32, 'resultsInterpreter[]', interpreter],
];

const ofRequest: readonly Row[] = [
  ...identifiers,
  [4, 'code', CWE],
  [5, 'priority', translated({ S: 'stat', A: 'asap', R: 'routine' })],
  [6, 'occurrenceDateTime', dateTime],
  [13, 'note[]', annotation],
  [16, 'requester', XCN],
  [31, 'reasonCode[]', CWE],
];

const fields = (rows: readonly Row[]) => rows.map(([field]) => field);

/** OBR → DiagnosticReport */
export const report: Table = { rows: ofReport, silent: [1, ...fields(ofRequest)] };

/** OBR → ServiceRequest; what neither takes is reported once, with the report */
export const request: Table = { rows: ofRequest, silent: Array.from({ length: 100 }, (_, at) => at + 1) };

/** ORC → ServiceRequest */
export const order: Table = {
  rows: [
    ...identifiers,
    [4, 'requisition', EI],
    [5, 'status', translated(orderStatus, 'unknown')],
    [9, 'authoredOn', dateTime],
    [12, 'requester', XCN],
    [16, 'reasonCode[]', CWE],
  ],
  silent: [1],
};

/** A beginning without an end is a moment. */
export const settleEffective = (resource: Resource): void => {
  const period = resource['effectivePeriod'] as { start?: string; end?: string } | undefined;
  if (period === undefined || period.end !== undefined) return;
  delete resource['effectivePeriod'];
  resource['effectiveDateTime'] = period.start;
};
