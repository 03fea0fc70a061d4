import type { SegmentReader } from './scene.js';
import { codedIn, coding, CWE, restricted } from './types-coded.js';
import { CX, identified, PL, withRole, XCN } from './types-identity.js';
import { v2 } from './systems.js';
import type { Segment } from '@medshare/hl7';
import { single, type Table, type Type } from './table.js';
import { dateTime, decimal } from './types-value.js';
import { extension } from './pid-patient.js';

/** HL7 table 0004 → v3 ActEncounterCode */
const classes: Readonly<Record<string, string>> = { I: 'IMP', O: 'AMB', E: 'EMER', P: 'PRENC', R: 'AMB', B: 'IMP' };
const actCode = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';

const encounterClass: Type = (value) => {
  const act = value.code(1, classes);
  if (act !== undefined) return { system: actCode, code: act };
  const code = value.text(1)?.replace(/\s+/g, ' ');
  return code === undefined ? undefined : { system: v2('0004'), code };
};

/** where PV1-2 says nothing: the element is required */
const unknownClass = { system: 'http://terminology.hl7.org/CodeSystem/v3-NullFlavor', code: 'UNK' };

const participationType = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType';
const participant = (code: string): Type =>
  withRole('individual', { type: [{ coding: [{ system: participationType, code }] }] }, XCN);

const at =
  (status: string): Type =>
  (value, context) => {
    const location = PL(value, context);
    return location === undefined ? undefined : { location, status };
  };

const isPlanned = (segment: Segment) => segment.text(2) === 'P';
const isNotPlanned = (segment: Segment) => !isPlanned(segment);

/** DLD: where to ^ when, the place a code in subcomponents or a text */
const discharged: Type = (value) => {
  const place = [2, 1].flatMap((part) => value.text(1, part) ?? []);
  return place.length === 0 ? undefined : { type: 'Location', display: place.join(', ') };
};

const facility: Type = single((display) => ({ type: 'Organization', display }));

/** PV1 → Encounter */
const encounter: Table = {
  rows: [
    [2, 'class', encounterClass],
    [3, 'location[]', at('active'), isNotPlanned],
    [3, 'location[]', at('planned'), isPlanned],
    [4, 'type[]', codedIn('0007')],
    [5, 'hospitalization.preAdmissionIdentifier', CX],
    [6, 'location[]', at('completed')],
    [7, 'participant[]', participant('ATND')],
    [8, 'participant[]', participant('REF')],
    [9, 'participant[]', participant('CON')],
    [10, 'serviceType', codedIn('0069')],
    [11, 'location[]', at('active')],
    [13, 'hospitalization.reAdmission', codedIn('0092')],
    [14, 'hospitalization.admitSource', codedIn('0023')],
    [15, 'hospitalization.specialArrangement[]', codedIn('0009')],
    [16, 'hospitalization.specialCourtesy[]', codedIn('0099')],
    [17, 'participant[]', participant('ADM')],
    [19, 'identifier[]', CX],
    [36, 'hospitalization.dischargeDisposition', codedIn('0112')],
    [37, 'hospitalization.destination', discharged],
    [38, 'hospitalization.dietPreference[]', codedIn('0114')],
    [39, 'serviceProvider', facility],
    [42, 'location[]', at('reserved')],
    [43, 'location[]', at('completed')],
    [44, 'period.start', dateTime],
    [45, 'period.end', dateTime],
    [50, 'identifier[]', CX],
    [52, 'participant[]', participant('PART')],
    [54, 'episodeOfCare[]', identified('EpisodeOfCare', CX)],
  ],
  messageOnly: [1],
};

const days = single((text) => {
  const value = decimal(text);
  return value && { value, unit: 'days', system: 'http://unitsofmeasure.org', code: 'd' };
});

/** PV2 → Encounter */
const encounterMore: Table = {
  rows: [
    [1, 'location[]', at('planned')],
    [3, 'reasonCode[]', CWE],
    [11, 'length', days],
    [13, 'participant[]', participant('REF')],
    [22, 'meta.security[]', restricted],
    [25, 'priority', codedIn('0217')],
    [38, 'extension[]', extension('encounter-modeOfArrival', 'valueCoding', coding('0430'))],
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

export const PV1: SegmentReader = (segment, scene) => {
  const visit = scene.add('Encounter', segment, encounter, scene.subject);
  visit['status'] = encounterStatus(scene.message.trigger, segment.text(45) !== undefined);
  visit['class'] ??= unknownClass;
  scene.encounter = scene.attended = visit;
};

export const PV2: SegmentReader = (segment, scene) => {
  if (scene.encounter !== undefined) scene.fill(scene.encounter, segment, encounterMore);
};
