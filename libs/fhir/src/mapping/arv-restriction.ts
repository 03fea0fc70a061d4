import type { SegmentReader } from './scene.js';
import { coding, translatedCoding } from './types-coded.js';
import type { Segment } from '@medshare/hl7';
import type { Table } from './table.js';

const applies = (segment: Segment) => segment.text(2) !== 'D';

/** what is to be withheld (HL7 table 0719 in use as 0717): kinds of information that labels know by name, and whole records */
const kinds = translatedCoding('http://terminology.hl7.org/CodeSystem/v3-ActCode', {
  HIV: 'HIV',
  PSY: 'PSY',
  STD: 'STD',
});
const whole = translatedCoding('http://terminology.hl7.org/CodeSystem/v3-Confidentiality', { ALL: 'R', SMD: 'R' });

/** ARV → meta.security of the patient or the visit: an access restriction is a label. One that is withdrawn is none. */
const restriction: Table = {
  rows: [
    [3, 'meta.security[]', kinds, applies],
    [3, 'meta.security[]', whole, applies],
    [3, 'meta.security[]', coding('0717'), (segment) => applies(segment) && !known.includes(segment.text(3) ?? '')],
  ],
  messageOnly: [1],
};
const known = ['HIV', 'PSY', 'STD', 'ALL', 'SMD'];

export const ARV: SegmentReader = (segment, scene) => {
  const restrictedResource = scene.encounter ?? scene.patient;
  if (restrictedResource !== undefined) scene.fill(restrictedResource, segment, restriction);
};
