import { referenceTo, type Resource } from './context.js';
import type { SegmentReader } from './scene.js';
import { codedIn } from './types-coded.js';
import { CX, XON } from './types-identity.js';
import { gender, telecom, XAD, XPN } from './types-person.js';
import { date, text } from './types-value.js';
import type { Table, Type } from './table.js';

const coverageClass =
  (code: string): Type =>
  (value) => {
    const type = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/coverage-class', code }] };
    const id = value.text(1);
    const name = id && value.text(2);
    return id && { type, value: id, ...(name && { name }) };
  };

/** IN1 → Coverage */
const coverage: Table = {
  rows: [
    [2, 'class[]', coverageClass('plan')],
    [3, 'insurer.identifier', CX],
    [4, 'insurer.named', XON],
    [8, 'class[]', coverageClass('group')],
    [10, 'policyHolder.identifier', CX],
    [11, 'policyHolder.display', (value) => value.text(1)],
    [12, 'period.start', date],
    [13, 'period.end', date],
    [15, 'type', codedIn('0086')],
    [17, 'relationship', codedIn('0063')],
    [36, 'subscriberId', text],
    [49, 'identifier[]', CX],
  ],
  messageOnly: [1],
};

/** IN1 → RelatedPerson: who is insured, unless it is the patient */
const insured: Table = {
  rows: [
    [16, 'name[]', XPN],
    [17, 'relationship[]', codedIn('0063')],
    [18, 'birthDate', date],
    [19, 'address[]', XAD],
    [43, 'gender', gender],
  ],
};

/** IN2 → the coverage's further numbers, and the insured's telephones */
const coverageMore: Table = { rows: [[61, 'identifier[]', CX]] };
const insuredMore: Table = {
  rows: [
    [63, 'telecom[]', telecom()],
    [64, 'telecom[]', telecom('work')],
  ],
};

/** IN1-3 identifies and IN1-4 names one payer. @returns whether there is one: Coverage needs it */
const settlePayor = (resource: Resource): boolean => {
  const insurer = resource['insurer'] as { identifier?: object; named?: object } | undefined;
  delete resource['insurer'];
  if (insurer === undefined) return false;
  resource['payor'] = [
    { type: 'Organization', ...(insurer.identifier && { identifier: insurer.identifier }), ...insurer.named },
  ];
  return true;
};

const selves = ['SEL', '01', '18'];

export const IN1: SegmentReader = (segment, scene) => {
  scene.coverage = scene.insured = undefined;
  if (scene.patient === undefined) return;
  const elements = { status: 'active', beneficiary: scene.patientReference };
  scene.coverage = scene.addIf(settlePayor, 'Coverage', segment, coverage, elements);
  if (scene.coverage === undefined) return;
  if (selves.includes(segment.text(17) ?? '')) scene.coverage['subscriber'] = scene.patientReference;
  else {
    const named = ({ name }: Resource) => name !== undefined;
    scene.insured = scene.addIf(
      named,
      'RelatedPerson',
      segment,
      insured,
      { patient: scene.patientReference },
      '/insured',
    );
    if (scene.insured !== undefined) scene.coverage['subscriber'] = referenceTo(scene.insured);
  }
};

export const IN2: SegmentReader = (segment, scene) => {
  if (scene.coverage === undefined) return;
  scene.fill(scene.coverage, segment, coverageMore);
  if (scene.insured !== undefined) scene.fill(scene.insured, segment, insuredMore);
};
