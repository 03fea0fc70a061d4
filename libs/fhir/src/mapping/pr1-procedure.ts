import type { SegmentReader } from './scene.js';
import { codedIn, codedWithText, CWE } from './types-coded.js';
import { EI, identified, PL, withRole, XCN } from './types-identity.js';
import { dateTime, text } from './types-value.js';
import { unless, type Table, type Type } from './table.js';

const performer = (code?: string): Type =>
  withRole(
    'actor',
    code === undefined ? {} : { function: { coding: [{ system: 'http://snomed.info/sct', code }] } },
    XCN,
  );

/** PR1 → Procedure; anaesthetist and surgeon by their SNOMED CT occupations, as the guide has them */
const procedure: Table = {
  rows: [
    [3, 'code', codedWithText(4)],
    [4, 'code.text', text, unless(3)],
    [5, 'performedDateTime', dateTime],
    [6, 'category', codedIn('0230')],
    [8, 'performer[]', performer('88189002')],
    [11, 'performer[]', performer('304292004')],
    [12, 'performer[]', performer()],
    [15, 'reasonCode[]', CWE],
    [19, 'identifier[]', EI],
    [23, 'location', PL],
    [25, 'partOf[]', identified('Procedure')],
  ],
  messageOnly: [1],
};

/** In a referral or a pathway a procedure may be one that is yet to come. */
const statusIn = (type: string) => (type === 'REF' || type === 'PPR' ? 'unknown' : 'completed');

export const PR1: SegmentReader = (segment, scene) => {
  if (scene.patient === undefined) return;
  const elements = { status: statusIn(scene.message.type), ...scene.subject, ...scene.visit };
  scene.focusOn(scene.add('Procedure', segment, procedure, elements));
};
