import type { SegmentReader } from './scene.js';
import { codedIn, CWE, yesNo } from './types-coded.js';
import { CX, XCN, XON } from './types-identity.js';
import { gender, socialSecurity, telecom, XAD, XPN } from './types-person.js';
import { birthTime, date, dateTime, positive, text } from './types-value.js';
import { push, single, unless, type Table, type Type } from './table.js';
import { v2 } from './systems.js';
import { referenceTo } from './context.js';

const url = (name: string) => `http://hl7.org/fhir/StructureDefinition/${name}`;

export const extension =
  (name: string, value: string, type: Type): Type =>
  (from, context) => {
    const converted = type(from, context);
    return converted === undefined ? undefined : { url: url(name), [value]: converted };
  };

/** an extension whose code is an extension of its own */
const coded =
  (name: string): Type =>
  (from, context) => {
    const found = CWE(from, context);
    return found && { url: url(name), extension: [{ url: 'code', valueCodeableConcept: found }] };
  };

const familyName: Type = (value) => value.text(1);
const language: Type = (value, context) => {
  const found = CWE(value, context);
  return found && { language: found };
};
/** DLN: number ^ who issued ^ expires */
const licence: Type = (value) => {
  const number = value.text(1);
  const issuer = value.text(2);
  const type = { coding: [{ system: v2('0203'), code: 'DL' }] };
  return number && { type, value: number, ...(issuer && { assigner: { display: issuer } }) };
};

/** PID → Patient */
const patient: Table = {
  rows: [
    [2, 'identifier[]', CX],
    [3, 'identifier[]', CX],
    [4, 'identifier[]', CX],
    [5, 'name[]', XPN],
    [6, 'extension[]', extension('patient-mothersMaidenName', 'valueString', familyName)],
    [7, 'birthDate', date],
    [7, '_birthDate.extension[]', birthTime],
    [8, 'gender', gender],
    [9, 'name[]', XPN],
    [11, 'address[]', XAD],
    [12, 'address[0].district', text, unless(11)],
    [13, 'telecom[]', telecom('home')],
    [14, 'telecom[]', telecom('work')],
    [15, 'communication[]', language],
    [16, 'maritalStatus', codedIn('0002')],
    [17, 'extension[]', extension('patient-religion', 'valueCodeableConcept', codedIn('0006'))],
    [18, 'identifier[]', CX],
    [19, 'identifier[]', socialSecurity],
    [20, 'identifier[]', licence],
    [
      23,
      'extension[]',
      extension(
        'patient-birthPlace',
        'valueAddress',
        single((place) => ({ text: place })),
      ),
    ],
    [24, 'multipleBirthBoolean', yesNo, unless(25)],
    [25, 'multipleBirthInteger', positive],
    [26, 'extension[]', coded('patient-citizenship')],
    [28, 'extension[]', coded('patient-nationality')],
    [29, 'deceasedDateTime', dateTime],
    [30, 'deceasedBoolean', yesNo, unless(29)],
    [39, 'extension[]', coded('patient-citizenship')],
    [40, 'telecom[]', telecom()],
  ],
  messageOnly: [1],
};

/** PID-21 → the mother, known by her number */
const mother: Table = { rows: [[21, 'identifier[]', CX]] };
const motherOf = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-RoleCode', code: 'MTH' }] };

export const PID: SegmentReader = (segment, scene) => {
  scene.patient = scene.add('Patient', segment, patient);
  scene.noted = scene.appointment;
  scene.encounter = scene.report = scene.request = scene.specimen = undefined;
  scene.attended = scene.patient;
  scene.addIf(
    ({ identifier }) => identifier !== undefined,
    'RelatedPerson',
    segment,
    mother,
    { patient: referenceTo(scene.patient), relationship: [motherOf] },
    '/mother',
  );
};

/** PD1 → Patient */
const demographics: Table = {
  rows: [
    [3, 'generalPractitioner[]', XON],
    [4, 'generalPractitioner[]', XCN],
    [6, 'extension[]', extension('patient-disability', 'valueCodeableConcept', codedIn('0295'))],
    [14, 'extension[]', extension('patient-congregation', 'valueString', (value) => value.text(1))],
  ],
};

export const PD1: SegmentReader = (segment, scene) => {
  if (scene.patient !== undefined) scene.fill(scene.patient, segment, demographics);
};

/** MRG → the Patient that was merged away */
const merged: Table = {
  rows: [
    [1, 'identifier[]', CX],
    [2, 'identifier[]', CX],
    [3, 'identifier[]', CX],
    [4, 'identifier[]', CX],
    [7, 'name[]', XPN],
  ],
};

export const MRG: SegmentReader = (segment, scene) => {
  if (scene.patient === undefined) return;
  const old = scene.add('Patient', segment, merged, {
    active: false,
    link: [{ other: referenceTo(scene.patient), type: 'replaced-by' }],
  });
  push(scene.patient, 'link', { other: referenceTo(old), type: 'replaces' });
};
