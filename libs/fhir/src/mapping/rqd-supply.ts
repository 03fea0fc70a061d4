import { takeOrder } from './orc-order.js';
import type { SegmentReader } from './scene.js';
import { CWE } from './types-coded.js';
import { amount, units } from './types-quantity.js';
import { dateTime } from './types-value.js';
import { unless, type Table } from './table.js';

/** RQD → SupplyRequest. (The guide has no map of RQD.) */
const requisition: Table = {
  rows: [
    [2, 'itemCodeableConcept', CWE],
    [3, 'itemCodeableConcept', CWE, unless(2)],
    [5, 'quantity.value', amount],
    ...units(6, 'quantity'),
    [10, 'occurrenceDateTime', dateTime],
  ],
  messageOnly: [1],
};

export const RQD: SegmentReader = (segment, scene) => {
  if (scene.patient === undefined) return;
  const found = scene.addIf(
    ({ quantity, itemCodeableConcept }) => quantity !== undefined && itemCodeableConcept !== undefined,
    'SupplyRequest',
    segment,
    requisition,
    { status: 'active', deliverTo: scene.patientReference },
  );
  if (found === undefined) return;
  takeOrder(scene, found);
  scene.order = undefined;
  scene.request = found;
  scene.attended = scene.noted = undefined;
};
