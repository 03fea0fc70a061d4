import { referenceTo, type Resource } from './context.js';
import { numbers, takeOrder } from './orc-order.js';
import type { SegmentReader } from './scene.js';
import { codedIn, CWE, translated } from './types-coded.js';
import { CX, EIP, identified, identifierOf, NDL, XCN } from './types-identity.js';
import { annotation, dateTime, instant } from './types-value.js';
import { unless, where, type Row, type Table } from './table.js';

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
  Y: 'unknown',
  Z: 'unknown',
};

const identifiers: readonly Row[] = [...numbers, [53, 'identifier[]', identifierOf('PLAC', CX)]];

/** OBR → DiagnosticReport */
const report: Table = {
  rows: [
    ...identifiers,
    [4, 'code', CWE],
    [7, 'effectiveDateTime', dateTime, unless(8)],
    [7, 'effectivePeriod.start', dateTime, where(8)],
    [8, 'effectivePeriod.end', dateTime],
    [22, 'issued', instant],
    [24, 'category[]', codedIn('0074')],
    [25, 'status', translated(reportStatus)],
    [32, 'resultsInterpreter[]', NDL],
    [33, 'resultsInterpreter[]', NDL],
    [34, 'performer[]', NDL],
    [35, 'performer[]', NDL],
  ],
  messageOnly: [1],
};

/** OBR → ServiceRequest */
const request: Table = {
  rows: [
    ...identifiers,
    [4, 'code', CWE],
    [5, 'priority', translated({ S: 'stat', A: 'asap', R: 'routine' })],
    [6, 'occurrenceDateTime', dateTime],
    [11, 'intent', translated({ G: 'reflex-order' })],
    [13, 'note[]', annotation],
    [16, 'requester', XCN],
    [29, 'basedOn[]', identified('ServiceRequest', EIP(1))],
    [29, 'basedOn[]', identified('ServiceRequest', EIP(2))],
    [31, 'reasonCode[]', CWE],
    [46, 'orderDetail[]', CWE],
    [47, 'orderDetail[]', CWE],
  ],
  messageOnly: [1],
};

/** In these messages an OBR brings results; in the others it only asks for them. */
const withResults = ['ORU', 'OUL', 'REF'];

export const OBR: SegmentReader = (segment, scene) => {
  if (scene.patient === undefined) return;
  const asked = scene.add('ServiceRequest', segment, request, { ...scene.subject, ...scene.visit }, '/request');
  takeOrder(scene, asked);
  asked['intent'] ??= 'order';
  asked['status'] ??= 'unknown';
  scene.order = undefined;
  if (!specimenOriented(scene.message.type)) scene.specimen = undefined;
  scene.request = asked;
  scene.report = undefined;
  scene.focusOn(asked);
  if (!withResults.includes(scene.message.type)) return;
  const elements = { basedOn: [referenceTo(asked)], ...scene.subject, ...scene.visit };
  scene.report = scene.add('DiagnosticReport', segment, report, elements);
  complete(scene.report);
  if (scene.specimen !== undefined) scene.report['specimen'] = [referenceTo(scene.specimen)];
};

const complete = (resource: Resource): void => {
  resource['status'] ??= 'unknown';
  resource['code'] ??= { text: 'unspecified' };
};

/** OUL: what was ordered stands under its specimen */
const specimenOriented = (type: string) => type === 'OUL';
