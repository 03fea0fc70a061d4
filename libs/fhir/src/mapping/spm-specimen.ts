import { referenceTo } from './context.js';
import type { SegmentReader } from './scene.js';
import { CWE, translated } from './types-coded.js';
import { assignedEIP, CX, EI, EIP, identified, identifierOf } from './types-identity.js';
import { amount, CQ, units } from './types-quantity.js';
import { annotation, dateTime, momentAt } from './types-value.js';
import { push, type Condition, type Table, type Type } from './table.js';

const hasEnd: Condition = (segment) => segment.text(17, 2) !== undefined;
const hasNoEnd: Condition = (segment) => segment.text(17, 2) === undefined;

const parent: Type = (value, context) => identified('Specimen', assignedEIP)(value, context);

/** SPM → Specimen */
const specimen: Table = {
  rows: [
    [2, 'identifier[]', assignedEIP],
    [2, 'identifier[]', EIP(1)],
    [3, 'parent[]', parent],
    [4, 'type', CWE],
    [6, 'container[0].additiveCodeableConcept', CWE],
    [7, 'collection.method', CWE],
    [8, 'collection.bodySite', CWE],
    [12, 'collection.quantity', CQ],
    [14, 'note[]', annotation],
    [17, 'collection.collectedDateTime', dateTime, hasNoEnd],
    [17, 'collection.collectedPeriod.start', momentAt(1), hasEnd],
    [17, 'collection.collectedPeriod.end', momentAt(2), hasEnd],
    [18, 'receivedTime', dateTime],
    [20, 'status', translated({ Y: 'available', N: 'unavailable' })],
    [24, 'condition[]', CWE],
    [27, 'container[0].type', CWE],
    [30, 'accessionIdentifier', CX],
    [31, 'identifier[]', CX],
    [32, 'identifier[]', identifierOf('SHIP')],
  ],
  messageOnly: [1],
};

export const SPM: SegmentReader = (segment, scene) => {
  if (scene.patient === undefined) return;
  const { request, report } = scene;
  const asked = request?.resourceType === 'ServiceRequest' && scene.message.type !== 'OUL';
  scene.specimen = scene.add('Specimen', segment, specimen, {
    ...scene.subject,
    ...(asked && { request: [referenceTo(request)] }),
  });
  if (scene.message.type === 'OUL') scene.request = scene.report = undefined;
  else if (report !== undefined) push(report, 'specimen', referenceTo(scene.specimen));
  scene.focusOn(scene.specimen);
};

/** SAC → the specimen's container, or a specimen known by its container only. (The guide has no map of SAC.) */
const container: Table = {
  rows: [
    [3, 'container[0].identifier[]', EI],
    [21, 'container[0].specimenQuantity.value', amount],
    ...units(24, 'container[0].specimenQuantity'),
    [2, 'accessionIdentifier', EI],
    [4, 'container[0].identifier[]', EI],
  ],
};

export const SAC: SegmentReader = (segment, scene) => {
  if (scene.patient === undefined) return;
  if (scene.specimen !== undefined) scene.fill(scene.specimen, segment, container);
  else scene.specimen = scene.add('Specimen', segment, container, scene.subject);
};
