import { CWE, translatedConcept } from './types-coded.js';
import { EI, XCN } from './types-identity.js';
import { annotation, dateTime, positive } from './types-value.js';
import type { Table } from './table.js';

const verification = 'http://terminology.hl7.org/CodeSystem/condition-ver-status';

/** DG1 → Condition */
export const condition: Table = {
  rows: [
    [3, 'code', CWE],
    [4, 'note[]', annotation],
    [5, 'onsetDateTime', dateTime],
    [16, 'asserter', XCN],
    [19, 'recordedDate', dateTime],
    [20, 'identifier[]', EI],
    [21, 'verificationStatus', translatedConcept(verification, { D: 'entered-in-error' })],
  ],
  silent: [1, 2, 6, 15],
};

export const encounterDiagnosis = {
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-category', code: 'encounter-diagnosis' }],
};

/** DG1 → Encounter.diagnosis: HL7 table 0052 and the priority */
export const diagnosis: Table = {
  rows: [
    [
      6,
      'use',
      translatedConcept('http://terminology.hl7.org/CodeSystem/diagnosis-role', { A: 'AD', F: 'DD', W: 'CM' }),
    ],
    [15, 'rank', positive],
  ],
  silent: Array.from({ length: 30 }, (_, at) => at + 1).filter((field) => field !== 6 && field !== 15),
};
