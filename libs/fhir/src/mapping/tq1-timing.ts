import type { Segment } from '@medshare/hl7';
import type { Scene, SegmentReader } from './scene.js';
import type { Resource } from './context.js';
import { CQ, timeUnits } from './types-quantity.js';
import { CWE, translated } from './types-coded.js';
import { annotation, dateTime, decimal, minuteAt, positive, time } from './types-value.js';
import type { Row, Table, Type } from './table.js';

const unitKnown: Type = (value) => {
  const number = decimal(value.peek(1) ?? '');
  return number !== undefined && value.part(2).code(1, timeUnits) !== undefined && value.text(1) ? number : undefined;
};
const timeUnit: Type = (value) => (decimal(value.peek(1) ?? '') && value.part(2).code(1, timeUnits)) || undefined;

/** HL7 table 0485 → RequestPriority */
const priority = translated({ S: 'stat', A: 'asap', R: 'routine', T: 'urgent' });

const timing = (element: string): readonly Row[] => [
  [3, `${element}.code`, (value, context) => CWE(value.part(1), context)],
  [4, `${element}.repeat.timeOfDay[]`, time],
  [7, `${element}.repeat.boundsPeriod.start`, dateTime],
  [8, `${element}.repeat.boundsPeriod.end`, dateTime],
  [13, `${element}.repeat.duration`, unitKnown],
  [13, `${element}.repeat.durationUnit`, timeUnit],
  [14, `${element}.repeat.count`, positive],
];

/** TQ1 → ServiceRequest */
const ofService: Table = {
  rows: [
    ...timing('occurrenceTiming'),
    [2, 'quantityQuantity', CQ],
    [9, 'priority', priority],
    [11, 'note[]', annotation],
  ],
  messageOnly: [1],
};

/** TQ1 → MedicationRequest */
const ofDrug: Table = {
  rows: [
    ...timing('dosageInstruction[0].timing'),
    [2, 'dosageInstruction[0].doseAndRate[0].doseQuantity', CQ],
    [9, 'priority', priority],
    [10, 'dosageInstruction[0].additionalInstruction[]', annotation],
    [11, 'dosageInstruction[0].patientInstruction', (value) => value.whole()],
  ],
  messageOnly: [1],
};

/** occurrence[x] is one element: a moment asked for is an event of the timing */
const settleOccurrence = (request: Resource): void => {
  const [moment, timed] = [request['occurrenceDateTime'], request['occurrenceTiming'] as object | undefined];
  if (moment === undefined || timed === undefined) return;
  delete request['occurrenceDateTime'];
  request['occurrenceTiming'] = { event: [moment], ...timed };
};

/** Puts a timing into a request, if requests of its kind have one. */
export const fillTiming = (scene: Scene, request: Resource, segment: Segment): void => {
  if (request.resourceType === 'MedicationRequest') scene.fill(request, segment, ofDrug);
  else if (request.resourceType === 'ServiceRequest') {
    scene.fill(request, segment, ofService);
    settleOccurrence(request);
  }
};

/** TQ1 → Appointment: when it is */
const ofAppointment: Table = {
  rows: [
    [7, 'start', minuteAt(1)],
    [8, 'end', minuteAt(1)],
  ],
  messageOnly: [1],
};

/** Stands behind what it times, or between ORC and what is ordered. */
export const TQ1: SegmentReader = (segment, scene) => {
  const { request, appointment, order } = scene;
  if (appointment !== undefined) scene.fill(appointment, segment, ofAppointment);
  else if (order !== undefined) scene.timings.push(segment);
  else if (request !== undefined) fillTiming(scene, request, segment);
};
