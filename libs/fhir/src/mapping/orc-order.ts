import type { Segment } from '@medshare/hl7';
import { referenceTo, type Resource } from './context.js';
import type { Scene, SegmentReader } from './scene.js';
import { codedIn, confidentiality, CWE, translated } from './types-coded.js';
import { EI, EIP, identified, identifierOf, withRole, XCN } from './types-identity.js';
import { dateTime, instantAt } from './types-value.js';
import { isValued, unless, type Row, type Table, type Type } from './table.js';
import { extension } from './pid-patient.js';
import { fillTiming } from './tq1-timing.js';

/** HL7 table 0038 → RequestStatus */
const orderStatus = {
  A: 'active',
  IP: 'active',
  SC: 'active',
  CM: 'completed',
  CA: 'revoked',
  DC: 'revoked',
  RP: 'revoked',
  HD: 'on-hold',
  ER: 'entered-in-error',
};
/** HL7 table 0119, where ORC-5 says nothing */
const controlStatus = {
  NW: 'active',
  SN: 'active',
  OK: 'active',
  SC: 'active',
  RL: 'active',
  CA: 'revoked',
  OC: 'revoked',
  CR: 'revoked',
  DC: 'revoked',
  OD: 'revoked',
  DR: 'revoked',
  HD: 'on-hold',
  OH: 'on-hold',
  HR: 'on-hold',
};

/** the same for medicationrequest-status, whose words differ */
const drugWords: Readonly<Record<string, string>> = { revoked: 'cancelled' };
const forDrugs = (map: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(map).map(([code, status]) => [
      code,
      code === 'DC' || code === 'RP' || code === 'OD' ? 'stopped' : (drugWords[status] ?? status),
    ]),
  );

/** numbers that the two sides of an order gave it */
export const numbers: readonly Row[] = [
  [2, 'identifier[]', identifierOf('PLAC')],
  [3, 'identifier[]', identifierOf('FILL')],
];

/** ORC-4 is an EI, and since v2.8 two of them in subcomponents */
const groupNumber: Type = (value, context) => (value.divided(1) ? EIP(1)(value, context) : EI(value, context));
const fillersGroup: Type = (value, context) =>
  value.divided(1) ? identifierOf('FGN', EIP(2))(value, context) : undefined;

const common: readonly Row[] = [...numbers, [9, 'authoredOn', dateTime], [12, 'requester', XCN]];
const labels: readonly Row[] = [[28, 'meta.security[]', confidentiality]];

/** ORC → ServiceRequest */
const serviceOrder: Table = {
  rows: [
    ...common,
    ...labels,
    [1, 'status', translated(controlStatus), unless(5)],
    [4, 'requisition', groupNumber],
    [4, 'identifier[]', fillersGroup],
    [5, 'status', translated(orderStatus)],
    [8, 'basedOn[]', identified('ServiceRequest', EIP(1))],
    [8, 'basedOn[]', identified('ServiceRequest', EIP(2))],
    [16, 'extension[]', extension('request-statusReason', 'valueCodeableConcept', CWE)],
    [29, 'locationCode[]', codedIn('0482')],
  ],
};

/** ORC → MedicationRequest */
const drugOrder: Table = {
  rows: [
    ...common,
    ...labels,
    [1, 'status', translated(forDrugs(controlStatus)), unless(5)],
    [4, 'groupIdentifier', groupNumber],
    [5, 'status', translated(forDrugs(orderStatus))],
    [10, 'recorder', XCN],
    [16, 'statusReason', CWE],
  ],
};

/** ORC → SupplyRequest */
const supplyOrder: Table = { rows: common };

const ordering = { function: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0443', code: 'OP' }] } };

/** ORC → Immunization */
const vaccination: Table = {
  rows: [...numbers, ...labels, [9, 'recorded', dateTime], [12, 'performer[]', withRole('actor', ordering, XCN)]],
};

const tables = {
  ServiceRequest: serviceOrder,
  MedicationRequest: drugOrder,
  SupplyRequest: supplyOrder,
  Immunization: vaccination,
};

const agentTypes = 'http://terminology.hl7.org/CodeSystem/provenance-participant-type';
const agent = (code: string): Type => withRole('who', { type: { coding: [{ system: agentTypes, code }] } }, XCN);

/** ORC → Provenance of what is ordered: who entered and verified it, when */
const history: Table = {
  rows: [
    [9, 'recorded', instantAt(1, ['minute', 'second', 'fraction'])],
    [10, 'agent[]', agent('enterer')],
    [11, 'agent[]', agent('verifier')],
    [19, 'agent[]', agent('performer')],
  ],
};

/** Puts what the pending ORC says into the resource that it orders. */
export const takeOrder = (scene: Scene, into: Resource): void => {
  const { order } = scene;
  if (order === undefined || !Object.hasOwn(tables, into.resourceType)) return;
  scene.claimed = order;
  scene.fill(into, order, tables[into.resourceType as keyof typeof tables]);
  for (const timing of scene.timings) fillTiming(scene, into, timing);
  const stands = ({ recorded, agent: agents }: Resource) => recorded !== undefined && agents !== undefined;
  if (scene.told !== order)
    scene.addIf(stands, 'Provenance', order, history, { target: [referenceTo(into)] }, '/provenance');
  scene.told = order;
};

/** An order that no segment says more of is a request by itself. */
const closeOrder = (scene: Scene, order: Segment): void => {
  if (scene.order !== order || scene.claimed === order) return;
  const request = scene.add(
    'ServiceRequest',
    order,
    { rows: [] },
    { intent: 'order', ...scene.subject, ...scene.visit },
  );
  takeOrder(scene, request);
  request['status'] ??= 'unknown';
  scene.order = undefined;
  scene.request ??= request;
};

export const ORC: SegmentReader = (segment, scene) => {
  if (scene.order !== undefined) closeOrder(scene, scene.order);
  const pending = [2, 3, 4, 9].some((field) => isValued(segment, field));
  // in specimen-oriented results the order follows the OBR that it is of
  if (scene.message.type === 'OUL' && scene.request?.resourceType === 'ServiceRequest') {
    scene.order = segment;
    takeOrder(scene, scene.request);
    scene.order = undefined;
    return;
  }
  scene.order = segment;
  scene.timings = [];
  scene.request = scene.report = scene.immunization = scene.specimen = undefined;
  if (pending) scene.finally(() => closeOrder(scene, segment));
  return pending;
};
