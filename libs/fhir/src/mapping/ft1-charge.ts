import { referenceTo } from './context.js';
import type { SegmentReader } from './scene.js';
import { CWE, translated } from './types-coded.js';
import { bareIdentifier, codedOrganization, withRole, XCN } from './types-identity.js';
import { amount, money } from './types-quantity.js';
import { dateTime } from './types-value.js';
import type { Table } from './table.js';

/** FT1 → ChargeItem. (The guide has no map of FT1.) */
const charge: Table = {
  rows: [
    [2, 'identifier[]', bareIdentifier],
    [4, 'occurrenceDateTime', dateTime],
    [5, 'enteredDate', dateTime],
    [6, 'status', translated({ CG: 'billable' })],
    [7, 'code', CWE],
    [10, 'quantity.value', amount],
    [11, 'priceOverride', money],
    [13, 'costCenter', codedOrganization],
    [19, 'reason[]', CWE],
    [20, 'performer[]', withRole('actor', {}, XCN)],
    [24, 'enterer', XCN],
    [29, 'productCodeableConcept', CWE],
  ],
  messageOnly: [1],
};

export const FT1: SegmentReader = (segment, scene) => {
  if (scene.patient === undefined) return;
  const context = scene.encounter && { context: referenceTo(scene.encounter) };
  const found = scene.add('ChargeItem', segment, charge, { ...scene.subject, ...context });
  found['status'] ??= 'unknown';
  found['code'] ??= { text: 'unspecified' };
  scene.focusOn(found);
};
