import { codedWithText, restricted, translatedConcept } from './types-coded.js';
import { EI, XCN } from './types-identity.js';
import { dateTime, positive, text } from './types-value.js';
import { push, unless, type Table } from './table.js';
import type { SegmentReader } from './scene.js';
import { referenceTo } from './context.js';

const verification = 'http://terminology.hl7.org/CodeSystem/condition-ver-status';

/** DG1 → Condition */
const condition: Table = {
  rows: [
    [3, 'code', codedWithText(4)],
    [4, 'code.text', text, unless(3)],
    [5, 'onsetDateTime', dateTime],
    [16, 'asserter', XCN],
    [18, 'meta.security[]', restricted],
    [19, 'recordedDate', dateTime],
    [20, 'identifier[]', EI],
    [21, 'verificationStatus', translatedConcept(verification, { D: 'entered-in-error' })],
  ],
  messageOnly: [1],
};

const encounterDiagnosis = {
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-category', code: 'encounter-diagnosis' }],
};

/** DG1 → Encounter.diagnosis: HL7 table 0052 and the priority */
const diagnosis: Table = {
  rows: [
    [
      6,
      'use',
      translatedConcept('http://terminology.hl7.org/CodeSystem/diagnosis-role', { A: 'AD', F: 'DD', W: 'CM' }),
    ],
    [15, 'rank', positive],
  ],
};

export const DG1: SegmentReader = (segment, scene) => {
  if (scene.patient === undefined) return;
  const elements = { category: [encounterDiagnosis], ...scene.subject, ...scene.visit };
  const found = scene.add('Condition', segment, condition, elements);
  scene.focusOn(found);
  if (scene.encounter !== undefined) {
    const role = { condition: referenceTo(found) };
    scene.fill(role, segment, diagnosis);
    push(scene.encounter, 'diagnosis', role);
  }
};
