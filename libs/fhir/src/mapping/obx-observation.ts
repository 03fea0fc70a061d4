import type { Segment } from '@medshare/hl7';
import { referenceTo, type Resource } from './context.js';
import { attachmentsOf, documentText } from './obx-attachment.js';
import { isAttachment, isText, observationValues } from './obx-value.js';
import type { Scene, SegmentReader } from './scene.js';
import { codedIn, CWE, translated } from './types-coded.js';
import { codedOrganization, EI, identified, XCN, XON } from './types-identity.js';
import { dateTime, decimal, instant } from './types-value.js';
import { push, type Table, type Type } from './table.js';

/** HL7 table 0085 → ObservationStatus */
const statuses = {
  A: 'amended',
  C: 'corrected',
  D: 'entered-in-error',
  F: 'final',
  U: 'final',
  V: 'final',
  B: 'final',
  I: 'registered',
  O: 'registered',
  N: 'registered',
  P: 'preliminary',
  R: 'preliminary',
  S: 'preliminary',
  W: 'entered-in-error',
  X: 'cancelled',
};

/** HL7 table 0078 is the code system that FHIR uses; others are read as they are named */
const interpretationSystem = 'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation';
const interpretation: Type = (value) => {
  const code = value.text(1)?.replace(/\s+/g, ' ');
  const display = value.text(2);
  if (value.peek(3)?.toUpperCase() === 'HL70078') value.text(3);
  return code === undefined
    ? undefined
    : { coding: [{ system: interpretationSystem, code, ...(display && { display }) }] };
};

/** OBX-7: `70-80` has bounds, everything else is text */
const referenceRange: Type = (value) => {
  const text = value.whole();
  const bounds = /^(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)$/.exec(text ?? '');
  if (bounds === null) return text === undefined ? undefined : { text };
  return { low: { value: decimal(bounds[1] ?? '') }, high: { value: decimal(bounds[2] ?? '') }, text };
};

/** OBX → Observation; OBX-2, OBX-5 and OBX-6 make its value */
const observation: Table = {
  rows: [
    [3, 'code', CWE],
    [7, 'referenceRange[]', referenceRange],
    [8, 'interpretation[]', interpretation],
    [11, 'status', translated(statuses)],
    [14, 'effectiveDateTime', dateTime],
    [15, 'performer[]', codedOrganization],
    [16, 'performer[]', XCN],
    [17, 'method', CWE],
    [18, 'device', identified('Device')],
    [19, 'issued', instant],
    [20, 'bodySite', codedIn('0163')],
    [21, 'identifier[]', EI],
    [23, 'performer[]', XON],
  ],
  messageOnly: [1],
};

export const OBX: SegmentReader = (segment, scene) => {
  if (scene.patient === undefined) return;
  scene.fill({}, segment, { rows: [], messageOnly: [1] });
  if (scene.document !== undefined && (isText(segment) || isAttachment(segment)))
    return documentText(segment, scene, scene.document);
  const found = scene.add('Observation', segment, observation, links(scene));
  found['status'] ??= 'unknown';
  found['code'] ??= { text: 'unspecified' };
  found['effectiveDateTime'] ??= scene.report?.['effectiveDateTime'];
  if (isAttachment(segment)) attach(segment, scene, found);
  else giveValue(found, observationValues(segment, scene.context));
  if (scene.report !== undefined) push(scene.report, 'result', referenceTo(found));
  if (scene.document !== undefined) relate(scene.document, found);
  scene.focusOn(found);
};

/** what the observation is part of, and was asked for by */
const links = (scene: Scene): object => ({
  ...(scene.request !== undefined && asks(scene.request) && { basedOn: [referenceTo(scene.request)] }),
  ...(scene.immunization !== undefined && { partOf: [referenceTo(scene.immunization)] }),
  ...scene.subject,
  ...(scene.specimen !== undefined && { specimen: referenceTo(scene.specimen) }),
  ...scene.visit,
});

const asks = ({ resourceType }: Resource) => resourceType === 'ServiceRequest' || resourceType === 'MedicationRequest';

/** With components of the same code there must be no value beside them (invariant obs-7). */
const giveValue = (found: Resource, values: readonly object[]): void => {
  if (values.length === 1) Object.assign(found, values[0]);
  else if (values.length > 1) found['component'] = values.map((each) => ({ code: found['code'], ...each }));
};

/** An image or a document is the report's; without a report it is a document of its own, which the observation is derived from. */
const attach = (segment: Segment, scene: Scene, found: Resource): void => {
  for (const { attachment, where } of attachmentsOf(segment, scene.context)) {
    if (scene.report !== undefined) {
      push(scene.report, 'presentedForm', attachment);
      continue;
    }
    const document: Resource = {
      resourceType: 'DocumentReference',
      id: scene.context.idFor(`${where}/document`),
      status: 'current',
      ...(found['code'] !== undefined && { type: found['code'] }),
      ...scene.subject,
      content: [{ attachment }],
    };
    scene.resources.push(document);
    push(found, 'derivedFrom', referenceTo(document));
  }
};

const relate = (document: Resource, found: Resource): void => {
  const context = (document['context'] ??= {}) as Resource;
  push(context, 'related', referenceTo(found));
};
