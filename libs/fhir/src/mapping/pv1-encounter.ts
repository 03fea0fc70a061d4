import { codedIn, CWE } from './types-coded.js';
import { CX, PL, XCN } from './types-identity.js';
import { v2 } from './systems.js';
import { textOf, type Table, type Type } from './table.js';
import { dateTime } from './types-value.js';

/** HL7 table 0004 → v3 ActEncounterCode */
const classes: Readonly<Record<string, string>> = { I: 'IMP', O: 'AMB', E: 'EMER', P: 'PRENC', R: 'AMB', B: 'IMP' };
const actCode = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';

const encounterClass: Type = {
  components: [1, 2, 3],
  convert: (value) => {
    const code = textOf(value, 1)?.replace(/\s+/g, ' ');
    if (code === undefined) return undefined;
    const act = classes[code];
    return act === undefined ? { system: v2('0004'), code } : { system: actCode, code: act };
  },
};

/** where PV1-2 says nothing: the element is required */
export const unknownClass = { system: 'http://terminology.hl7.org/CodeSystem/v3-NullFlavor', code: 'UNK' };

const participant = (code: string): Type => ({
  ...XCN,
  convert: (value, context) => {
    const individual = XCN.convert(value, context);
    const type = [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code }] }];
    return individual === undefined ? undefined : { type, individual };
  },
});

const at = (status: string): Type => ({
  ...PL,
  convert: (value, context) => {
    const location = PL.convert(value, context);
    return location === undefined ? undefined : { location, status };
  },
});

/** PV1 → Encounter */
export const encounter: Table = {
  rows: [
    [2, 'class', encounterClass],
    [3, 'location[]', at('active')],
    [4, 'type[]', codedIn('0007')],
    [5, 'hospitalization.preAdmissionIdentifier', CX],
    [6, 'location[]', at('completed')],
    [7, 'participant[]', participant('ATND')],
    [8, 'participant[]', participant('REF')],
    [9, 'participant[]', participant('CON')],
    [10, 'serviceType', codedIn('0069')],
    [13, 'hospitalization.reAdmission', codedIn('0092')],
    [14, 'hospitalization.admitSource', codedIn('0023')],
    [15, 'hospitalization.specialArrangement[]', codedIn('0009')],
    [16, 'hospitalization.specialCourtesy[]', codedIn('0099')],
    [17, 'participant[]', participant('ADM')],
    [19, 'identifier[]', CX],
    [36, 'hospitalization.dischargeDisposition', codedIn('0112')],
    [44, 'period.start', dateTime],
    [45, 'period.end', dateTime],
    [50, 'identifier[]', CX],
  ],
  silent: [1],
};

/** PV2 → Encounter */
export const encounterMore: Table = {
  rows: [
    [3, 'reasonCode[]', CWE],
    [25, 'priority', codedIn('0217')],
  ],
};

const finished = ['A03', 'A51', 'A53'];
const planned = ['A05', 'A14', 'A15', 'A16', 'A26'];
const cancelled = ['A11', 'A25', 'A27', 'A38'];

/** The trigger event's word on the visit; a message that says nothing of it leaves it unknown. */
export const encounterStatus = (trigger: string, ended: boolean): string => {
  if (finished.includes(trigger) || ended) return 'finished';
  if (planned.includes(trigger)) return 'planned';
  if (cancelled.includes(trigger)) return 'cancelled';
  return trigger.startsWith('A') ? 'in-progress' : 'unknown';
};
