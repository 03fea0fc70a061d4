import { CWE, translated } from './types-coded.js';
import { dateTime } from './types-value.js';
import { single, type Table } from './table.js';
import type { Resource } from './context.js';

/** AL1 → AllergyIntolerance (HL7 tables 0127, 0128) */
export const allergy: Table = {
  rows: [
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
    [3, 'code', CWE],
    [4, 'reacted.severity', translated({ MI: 'mild', MO: 'moderate', SV: 'severe' })],
    [5, 'reacted.manifestation[]', single((text) => ({ text }))],
    [6, 'onsetDateTime', dateTime],
  ],
  silent: [1],
};

export const activeAllergy = {
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', code: 'active' }],
};

/** A severity belongs to a reaction, which needs a manifestation; without one it tells the criticality. */
export const settleReaction = (resource: Resource): void => {
  const reacted = resource['reacted'] as { severity?: string; manifestation?: unknown[] } | undefined;
  delete resource['reacted'];
  if (reacted?.manifestation !== undefined) resource['reaction'] = [reacted];
  else if (reacted?.severity !== undefined)
    resource['criticality'] =
      reacted.severity === 'severe' ? 'high' : reacted.severity === 'mild' ? 'low' : 'unable-to-assess';
};
