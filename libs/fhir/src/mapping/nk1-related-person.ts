import type { SegmentReader } from './scene.js';
import { codedIn, CWE } from './types-coded.js';
import { CX } from './types-identity.js';
import { gender, socialSecurity, telecom, XAD, XPN } from './types-person.js';
import { date } from './types-value.js';
import type { Table, Type } from './table.js';

const language: Type = (value, context) => {
  const found = CWE(value, context);
  return found && { language: found };
};

/** NK1 → RelatedPerson */
const relatedPerson: Table = {
  rows: [
    [2, 'name[]', XPN],
    [3, 'relationship[]', codedIn('0063')],
    [4, 'address[]', XAD],
    [5, 'telecom[]', telecom('home')],
    [6, 'telecom[]', telecom('work')],
    [7, 'relationship[]', codedIn('0131')],
    [8, 'period.start', date],
    [9, 'period.end', date],
    [12, 'identifier[]', CX],
    [15, 'gender', gender],
    [16, 'birthDate', date],
    [20, 'communication[]', language],
    [30, 'name[]', XPN],
    [31, 'telecom[]', telecom()],
    [32, 'address[]', XAD],
    [33, 'identifier[]', CX],
    [37, 'identifier[]', socialSecurity],
    [40, 'telecom[]', telecom()],
    [41, 'telecom[]', telecom()],
  ],
  messageOnly: [1],
};

export const NK1: SegmentReader = (segment, scene) => {
  if (scene.patient !== undefined)
    scene.add('RelatedPerson', segment, relatedPerson, { patient: scene.patientReference });
};

/** GT1 → RelatedPerson: who answers for the bill. (The guide has no map of GT1.) */
const guarantor: Table = {
  rows: [
    [2, 'identifier[]', CX],
    [3, 'name[]', XPN],
    [5, 'address[]', XAD],
    [6, 'telecom[]', telecom('home')],
    [7, 'telecom[]', telecom('work')],
    [8, 'birthDate', date],
    [9, 'gender', gender],
    [11, 'relationship[]', codedIn('0063')],
    [12, 'identifier[]', socialSecurity],
    [13, 'period.start', date],
    [14, 'period.end', date],
  ],
  messageOnly: [1],
};

const answersForBill = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-RoleClass', code: 'GUAR' }] };

export const GT1: SegmentReader = (segment, scene) => {
  if (scene.patient === undefined) return;
  const elements = { patient: scene.patientReference, relationship: [answersForBill] };
  scene.add('RelatedPerson', segment, guarantor, elements);
};
