import { create, referenceTo, type Resource } from './context.js';
import { takeOrder } from './orc-order.js';
import type { Scene, SegmentReader } from './scene.js';
import { codedIn, CWE, textOfCode, translatedConcept } from './types-coded.js';
import { bareIdentifier, codedOrganization, withRole, XCN } from './types-identity.js';
import { amount, CQ, units } from './types-quantity.js';
import { annotation, dateTime, unsigned } from './types-value.js';
import { push, unless, where, type Row, type Table, type Type } from './table.js';

/** HL7 table 0161 */
const substitution = translatedConcept('http://terminology.hl7.org/CodeSystem/v3-substanceAdminSubstitution', {
  N: 'N',
  G: 'G',
  T: 'TE',
});

/** a minimum alone is the dose, with a maximum a range */
const dose = (low: number, high: number, unit: number): readonly Row[] => [
  [low, 'dose.doseQuantity.value', amount, unless(high)],
  ...units(unit, 'dose.doseQuantity').map(([field, element, type]) => [field, element, type, unless(high)] as const),
  [low, 'dose.doseRange.low.value', amount, where(high)],
  [high, 'dose.doseRange.high.value', amount],
  ...units(unit, 'dose.doseRange.low').map(([field, element, type]) => [field, element, type, where(high)] as const),
  ...units(unit, 'dose.doseRange.high').map(([field, element, type]) => [field, element, type, where(high)] as const),
];

const instructions: Type = (value, context) => textOfCode(value, context);
const remark: Type = (value, context) => {
  const found = textOfCode(value, context);
  return found === undefined ? undefined : { text: found };
};

/** RXO → MedicationRequest: what was prescribed */
const prescribed: Table = {
  rows: [
    [1, 'medicationCodeableConcept', CWE],
    ...dose(2, 3, 4),
    [6, 'note[]', remark],
    [7, 'dosageInstruction[0].text', instructions],
    [9, 'substitution.allowedCodeableConcept', substitution],
    [11, 'dispenseRequest.quantity.value', amount],
    ...units(12, 'dispenseRequest.quantity'),
    [13, 'dispenseRequest.numberOfRepeatsAllowed', unsigned],
    [14, 'requester', XCN],
    [20, 'reasonCode[]', CWE],
    [32, 'dispenseRequest.performer', codedOrganization],
  ],
};

/** RXE → MedicationRequest: the order as the pharmacy encoded it. (The guide has no map of RXE; RXO's is followed.) */
const encoded: Table = {
  rows: [
    [2, 'medicationCodeableConcept', CWE],
    ...dose(3, 4, 5),
    [7, 'dosageInstruction[0].text', instructions],
    [9, 'substitution.allowedCodeableConcept', substitution],
    [10, 'dispenseRequest.quantity.value', amount],
    ...units(11, 'dispenseRequest.quantity'),
    [12, 'dispenseRequest.numberOfRepeatsAllowed', unsigned],
    [13, 'requester', XCN],
    [15, 'identifier[]', bareIdentifier],
    [19, 'dosageInstruction[0].maxDosePerPeriod.numerator', CQ],
    [21, 'note[]', remark],
    [23, 'dose.rateQuantity.value', amount],
    ...units(24, 'dose.rateQuantity'),
    [27, 'reasonCode[]', CWE],
    [40, 'dispenseRequest.performer', codedOrganization],
  ],
};

const aDay = { value: 1, unit: 'day', system: 'http://unitsofmeasure.org', code: 'd' };

/** The amounts of the order are one entry of doseAndRate; a daily maximum is one per day. */
const settleDose = (request: Resource): void => {
  const given = request['dose'];
  delete request['dose'];
  const instruction = (): Resource => ((request['dosageInstruction'] ??= [{}]) as Resource[])[0] as Resource;
  const type = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/dose-rate-type', code: 'ordered' }] };
  if (given !== undefined) push(instruction(), 'doseAndRate', { type, ...(given as object) });
  const [first] = (request['dosageInstruction'] ?? []) as { maxDosePerPeriod?: { denominator?: object } }[];
  if (first?.maxDosePerPeriod !== undefined) first.maxDosePerPeriod.denominator = aDay;
};

const read =
  (table: Table, intent: string): SegmentReader =>
  (segment, scene: Scene) => {
    if (scene.patient === undefined) return;
    const before = scene.request?.resourceType === 'MedicationRequest' ? scene.request : undefined;
    const elements = { intent, ...scene.subject, ...scene.visit, ...(before && { basedOn: [referenceTo(before)] }) };
    const found = scene.add('MedicationRequest', segment, table, elements);
    settleDose(found);
    takeOrder(scene, found);
    found['status'] ??= 'unknown';
    found['medicationCodeableConcept'] ??= { text: 'unspecified' };
    scene.request = found;
    scene.dispense = scene.medication = undefined;
    scene.focusOn(found);
  };

/** The prescription as it came in: the pharmacy's own order, if one follows, is based on it. */
export const RXO = read(prescribed, 'original-order');
export const RXE = read(encoded, 'order');

/** HL7 table 0484 is what the kinds of dispensing are called */
const handedOut: Table = {
  rows: [
    [2, 'medicationCodeableConcept', CWE],
    [3, 'whenHandedOver', dateTime],
    [4, 'quantity.value', amount],
    ...units(5, 'quantity'),
    [7, 'identifier[]', bareIdentifier],
    [9, 'note[]', annotation],
    [10, 'performer[]', withRole('actor', {}, XCN)],
    [30, 'performer[]', withRole('actor', {}, codedOrganization)],
    [33, 'type', codedIn('0484')],
  ],
  messageOnly: [1],
};

/** RXD → MedicationDispense. (The guide has no map of RXD.) */
export const RXD: SegmentReader = (segment, scene) => {
  if (scene.patient === undefined) return;
  const { request } = scene;
  const asked = request?.resourceType === 'MedicationRequest' ? request : undefined;
  const found = scene.add('MedicationDispense', segment, handedOut, {
    status: 'completed',
    ...scene.subject,
    ...(scene.encounter && { context: referenceTo(scene.encounter) }),
    ...(asked && { authorizingPrescription: [referenceTo(asked)] }),
  });
  found['medicationCodeableConcept'] ??= asked?.['medicationCodeableConcept'] ?? { text: 'unspecified' };
  scene.dispense = found;
  scene.medication = undefined;
  scene.focusOn(found);
};

/** RXC → an ingredient: of the mixture, how much */
const ingredient: Table = {
  rows: [
    [1, 'isActive', (value) => value.code(1, { A: true, B: false })],
    [2, 'itemCodeableConcept', CWE],
    [3, 'strength.numerator.value', amount],
    ...units(4, 'strength.numerator'),
  ],
};

const isComplete = (part: object) => 'itemCodeableConcept' in part;

/** A mixture needs a Medication of its own, which the order or the dispense then refers to. */
export const RXC: SegmentReader = (segment, scene) => {
  const mixed = scene.dispense ?? scene.request;
  if (mixed?.['medicationCodeableConcept'] === undefined && scene.medication === undefined) return;
  const medication =
    scene.medication ??
    create(scene.context, 'Medication', `${segment.where()}/medication`, {
      code: mixed?.['medicationCodeableConcept'],
    });
  if (!scene.append(medication, 'ingredient', segment, ingredient, {}, isComplete)) return;
  settleStrength(medication);
  if (scene.medication === undefined && mixed !== undefined) {
    scene.resources.push(medication);
    delete mixed['medicationCodeableConcept'];
    mixed['medicationReference'] = referenceTo(medication);
    scene.medication = medication;
  }
};

/** A ratio has both parts (invariant rat-1): an amount is one to the mixture. */
const settleStrength = (medication: Resource): void => {
  for (const { strength } of (medication['ingredient'] ?? []) as { strength?: { denominator?: object } }[])
    if (strength !== undefined) strength.denominator ??= { value: 1 };
};
