import { codedIn, CWE, yesNo } from './types-coded.js';
import { CX, XCN, XON } from './types-identity.js';
import { gender, telecom, XAD, XPN } from './types-person.js';
import { birthTime, date, dateTime, positive } from './types-value.js';
import { single, textOf, type Table, type Type } from './table.js';
import { v2 } from './systems.js';

const extension = (name: string, value: string, type: Type): Type => ({
  ...type,
  convert: (from, context) => {
    const converted = type.convert(from, context);
    return converted === undefined
      ? undefined
      : { url: `http://hl7.org/fhir/StructureDefinition/${name}`, [value]: converted };
  },
});

const familyName: Type = { components: [1, 2, 7], convert: (value) => textOf(value, 1) };
const socialSecurity = single((value) => ({ type: { coding: [{ system: v2('0203'), code: 'SS' }] }, value }));
const language: Type = { ...CWE, convert: (value, context) => ({ language: CWE.convert(value, context) }) };

/** PID → Patient */
export const patient: Table = {
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
    [13, 'telecom[]', telecom('home')],
    [14, 'telecom[]', telecom('work')],
    [15, 'communication[]', language],
    [16, 'maritalStatus', codedIn('0002')],
    [17, 'extension[]', extension('patient-religion', 'valueCodeableConcept', codedIn('0006'))],
    [18, 'identifier[]', CX],
    [19, 'identifier[]', socialSecurity],
    [
      23,
      'extension[]',
      extension(
        'patient-birthPlace',
        'valueAddress',
        single((text) => ({ text })),
      ),
    ],
    [24, 'multipleBirthBoolean', yesNo],
    [25, 'multipleBirthInteger', positive],
    [29, 'deceasedDateTime', dateTime],
    [30, 'deceasedBoolean', yesNo],
  ],
  silent: [1],
};

/** PD1 → Patient */
export const demographics: Table = {
  rows: [
    [3, 'generalPractitioner[]', XON],
    [4, 'generalPractitioner[]', XCN],
  ],
};

/** MRG → the Patient that was merged away */
export const merged: Table = {
  rows: [
    [1, 'identifier[]', CX],
    [2, 'identifier[]', CX],
    [4, 'identifier[]', CX],
    [7, 'name[]', XPN],
  ],
};
