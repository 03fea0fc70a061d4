import { CWE, textOfCode, translated, translatedConcept } from './types-coded.js';
import { EI } from './types-identity.js';
import { personText } from './types-person.js';
import { dateTime, text } from './types-value.js';
import { unless, type Row, type Table, type Type } from './table.js';
import type { Resource } from './context.js';
import type { Scene, SegmentReader } from './scene.js';

const textual: Type = (value, context) => {
  const found = textOfCode(value, context);
  return found === undefined ? undefined : { text: found };
};

/** HL7 table 0127 → what kind of allergy, of what */
const kinds: readonly Row[] = [
  [
    2,
    'type',
    translated({
      DA: 'allergy',
      FA: 'allergy',
      EA: 'allergy',
      LA: 'allergy',
      AA: 'allergy',
      PA: 'allergy',
      MA: 'allergy',
    }),
  ],
  [
    2,
    'category[]',
    translated({
      DA: 'medication',
      FA: 'food',
      EA: 'environment',
      LA: 'environment',
      AA: 'environment',
      PA: 'environment',
    }),
  ],
];
/** HL7 table 0128 */
const severity = translated({ MI: 'mild', MO: 'moderate', SV: 'severe' });

/** AL1 → AllergyIntolerance */
const allergy: Table = {
  rows: [
    ...kinds,
    [3, 'code', CWE],
    [4, 'reacted.severity', severity],
    [5, 'reacted.manifestation[]', (value) => value.whole() && { text: value.whole() }],
    [6, 'onsetDateTime', dateTime],
  ],
  messageOnly: [1],
};

const clinical = 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical';
const verification = 'http://terminology.hl7.org/CodeSystem/allergyintolerance-verification';

/** IAM → AllergyIntolerance */
const adverseReaction: Table = {
  rows: [
    ...kinds,
    [3, 'code', CWE],
    [4, 'reacted.severity', severity],
    [5, 'reacted.manifestation[]', textual],
    [7, 'identifier[]', EI],
    [11, 'onsetDateTime', dateTime],
    [12, 'onsetString', text, unless(11)],
    [13, 'recordedDate', dateTime],
    [14, 'recorder.display', personText],
    [17, 'verificationStatus', translatedConcept(verification, { C: 'confirmed', U: 'unconfirmed', D: 'refuted' })],
    [27, 'code', CWE, unless(3)],
  ],
  messageOnly: [1, 6],
};

/** IAR → a reaction of the allergy before it */
const reaction: Table = {
  rows: [
    [1, 'manifestation[]', CWE],
    [2, 'severity', severity],
  ],
};

const active = { coding: [{ system: clinical, code: 'active' }] };

/** A severity belongs to a reaction, which needs a manifestation; without one it tells the criticality. */
const settleReaction = (resource: Resource): void => {
  const reacted = resource['reacted'] as { severity?: string; manifestation?: unknown[] } | undefined;
  delete resource['reacted'];
  if (reacted?.manifestation !== undefined) resource['reaction'] = [reacted];
  else if (reacted?.severity !== undefined)
    resource['criticality'] =
      reacted.severity === 'severe' ? 'high' : reacted.severity === 'mild' ? 'low' : 'unable-to-assess';
};

const read =
  (table: Table): SegmentReader =>
  (segment, scene: Scene) => {
    if (scene.patient === undefined) return;
    const elements = { clinicalStatus: active, patient: scene.patientReference, ...scene.visit };
    const found = scene.add('AllergyIntolerance', segment, table, elements);
    settleReaction(found);
    scene.allergy = found;
    scene.focusOn(found);
  };

export const AL1 = read(allergy);
export const IAM = read(adverseReaction);

export const IAR: SegmentReader = (segment, scene) => {
  const isReaction = (part: object) => 'manifestation' in part;
  if (scene.allergy !== undefined) scene.append(scene.allergy, 'reaction', segment, reaction, {}, isReaction);
};
