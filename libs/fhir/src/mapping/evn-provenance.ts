import { referenceTo, type Resource } from './context.js';
import type { SegmentReader } from './scene.js';
import { codedIn } from './types-coded.js';
import { HDorganization, withRole, XCN } from './types-identity.js';
import { dateTime, instantAt } from './types-value.js';
import type { Table, Type } from './table.js';

const place: Type = (value, context) => {
  const found = HDorganization(value, context) as { display?: string } | undefined;
  return found && { ...found, type: 'Location' };
};

/** EVN → Provenance: when the event was recorded and happened, why, and who recorded it */
const event: Table = {
  rows: [
    [2, 'recorded', instantAt(1, ['minute', 'second', 'fraction'])],
    [4, 'reason[]', codedIn('0062')],
    [5, 'agent[]', withRole('who', {}, XCN)],
    [6, 'occurredDateTime', dateTime],
    [7, 'location', place],
  ],
  messageOnly: [1],
};

const stands = ({ recorded, agent }: Resource) => recorded !== undefined && agent !== undefined;

/** It is of the visit, else of the patient: known once both were read. Without an operator there is no Provenance. */
export const EVN: SegmentReader = (segment, scene) => {
  scene.fill({}, segment, { rows: [], messageOnly: [1] });
  scene.finally(() => {
    const about = scene.encounter ?? scene.patient;
    if (about !== undefined) scene.addIf(stands, 'Provenance', segment, event, { target: [referenceTo(about)] });
  });
};
