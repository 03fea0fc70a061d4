import { codedIn } from './types-coded.js';
import { CX } from './types-identity.js';
import { gender, telecom, XAD, XPN } from './types-person.js';
import { date } from './types-value.js';
import type { Table } from './table.js';

/** NK1 → RelatedPerson */
export const relatedPerson: Table = {
  rows: [
    [2, 'name[]', XPN],
    [3, 'relationship[]', codedIn('0063')],
    [4, 'address[]', XAD],
    [5, 'telecom[]', telecom('home')],
    [6, 'telecom[]', telecom('work')],
    [7, 'relationship[]', codedIn('0131')],
    [8, 'period.start', date],
    [9, 'period.end', date],
    [15, 'gender', gender],
    [16, 'birthDate', date],
    [33, 'identifier[]', CX],
  ],
  silent: [1],
};
