import type { Segment } from '@medshare/hl7';
import { takeOrder } from './orc-order.js';
import type { SegmentReader } from './scene.js';
import { codedIn, CWE, translated } from './types-coded.js';
import { codedOrganization, PL, withRole, XCN } from './types-identity.js';
import { amount, units } from './types-quantity.js';
import { date, dateTime } from './types-value.js';
import { single, unless, type Condition, type Table, type Type } from './table.js';

const isDeleted = (segment: Segment) => segment.text(21) === 'D';
const isKept: Condition = (segment) => !isDeleted(segment);
/** NIP001: 00 is a new record, the others say by whom a dose was reported that somebody else gave */
const isNew: Condition = (segment) => segment.text(9) === '00';
const isReported: Condition = (segment) => segment.text(9) !== '00';
/** 999 says that the amount is not known (CDC's implementation guide) */
const isKnown: Condition = (segment) => !/^0*999(\.0*)?$/.test(segment.text(6) ?? '');

const administering = {
  function: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0443', code: 'AP' }] },
};
const newRecord: Type = single((code) => (code === '00' ? true : undefined));

/** RXA → Immunization */
const immunization: Table = {
  rows: [
    [3, 'occurrenceDateTime', dateTime],
    [5, 'vaccineCode', CWE],
    [6, 'doseQuantity.value', amount, isKnown],
    ...units(7, 'doseQuantity').map(([field, element, type]) => [field, element, type, isKnown] as const),
    [9, 'primarySource', newRecord, isNew],
    [9, 'reportOrigin', CWE, isReported],
    [10, 'performer[]', withRole('actor', administering, XCN)],
    [11, 'location', PL, unless(27)],
    [15, 'lotNumber', (value) => value.whole()],
    [16, 'expirationDate', date],
    [17, 'manufacturer', codedOrganization],
    [18, 'statusReason', CWE],
    [19, 'reasonCode[]', CWE],
    [20, 'status', translated({ CP: 'completed', PA: 'completed', RE: 'not-done', NA: 'not-done' }), isKept],
    [21, 'status', translated({ D: 'entered-in-error' })],
    [22, 'recorded', dateTime],
    [27, 'location', PL],
  ],
  messageOnly: [1, 2],
};

/** VXU brings immunizations; elsewhere RXA is an administration that is not mapped. */
export const RXA: SegmentReader = (segment, scene) => {
  if (scene.patient === undefined || scene.message.type !== 'VXU') return;
  // that it is added or updated concerns the message; that it is deleted, the record
  if (!isDeleted(segment)) scene.context.ledger.explain(segment.where(21), 'message-only');
  const found = scene.add('Immunization', segment, immunization, {
    patient: scene.patientReference,
    ...scene.visit,
  });
  takeOrder(scene, found);
  scene.order = undefined;
  found['status'] ??= 'completed';
  found['vaccineCode'] ??= { text: 'unspecified' };
  if (found['occurrenceDateTime'] === undefined) found['occurrenceString'] = 'unknown';
  if (found['reportOrigin'] !== undefined) found['primarySource'] = false;
  scene.immunization = found;
  scene.request = undefined;
  scene.focusOn(found);
};

/** RXR → how and where it was given */
const route: Table = {
  rows: [
    [1, 'route', codedIn('0162')],
    [2, 'site', codedIn('0163')],
  ],
};

/** RXR → how and where to give it */
const dosage: Table = {
  rows: [
    [1, 'dosageInstruction[0].route', codedIn('0162')],
    [2, 'dosageInstruction[0].site', codedIn('0163')],
    [4, 'dosageInstruction[0].method', codedIn('0165')],
    [5, 'dosageInstruction[0].additionalInstruction[]', CWE],
  ],
};

export const RXR: SegmentReader = (segment, scene) => {
  const { immunization: given, dispense, request } = scene;
  const into = given ?? dispense ?? (request?.resourceType === 'MedicationRequest' ? request : undefined);
  if (into !== undefined) scene.fill(into, segment, into === given ? route : dosage);
};
