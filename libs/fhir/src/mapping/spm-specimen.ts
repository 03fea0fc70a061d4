import { CWE, translated } from './types-coded.js';
import { CX, EIP } from './types-identity.js';
import { annotation, dateTime } from './types-value.js';
import type { Table } from './table.js';

/** SPM → Specimen; of the collection's range the beginning is kept */
export const specimen: Table = {
  rows: [
    [2, 'identifier[]', EIP],
    [4, 'type', CWE],
    [7, 'collection.method', CWE],
    [8, 'collection.bodySite', CWE],
    [14, 'note[]', annotation],
    [17, 'collection.collectedDateTime', dateTime],
    [18, 'receivedTime', dateTime],
    [20, 'status', translated({ Y: 'available', N: 'unavailable' })],
    [24, 'condition[]', CWE],
    [30, 'accessionIdentifier', CX],
  ],
  silent: [1],
};
