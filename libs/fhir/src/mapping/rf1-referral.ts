import { push, type Table, type Type } from './table.js';
import type { SegmentReader } from './scene.js';
import { codedIn, translated } from './types-coded.js';
import { EI } from './types-identity.js';
import { personText } from './types-person.js';
import { dateTime } from './types-value.js';

/** RF1 → ServiceRequest. (The guide has no map of RF1; HL7 tables 0280 to 0284.) */
const referral: Table = {
  rows: [
    [1, 'status', translated({ A: 'active', P: 'draft', R: 'revoked', E: 'revoked' })],
    [2, 'priority', translated({ S: 'stat', A: 'asap', R: 'routine' })],
    [3, 'category[]', codedIn('0281')],
    [5, 'category[]', codedIn('0284')],
    [6, 'identifier[]', EI],
    [7, 'occurrencePeriod.start', dateTime],
    [8, 'occurrencePeriod.end', dateTime],
    [9, 'authoredOn', dateTime],
    [10, 'reasonCode[]', codedIn('0336')],
    [11, 'identifier[]', EI],
    [24, 'note[]', (value) => remark(value.whole())],
  ],
};

const remark = (text: string | undefined) => (text === undefined ? undefined : { text });

const referralCode = { coding: [{ system: 'http://snomed.info/sct', code: '3457005' }], text: 'Referral' };

/** Stands before the patient in REF, and within admissions. */
export const RF1: SegmentReader = (segment, scene) => {
  const elements = { intent: 'order', code: referralCode, ...scene.subject, ...scene.visit };
  const found = scene.add('ServiceRequest', segment, referral, elements);
  found['status'] ??= 'unknown';
  scene.referral = found;
};

/** PLN: number ^ type */
const provider: Type = (value) => {
  const number = value.text(1);
  const kind = number && value.text(2);
  return number && { ...(kind && { type: { text: kind } }), value: number };
};

/** PRD → who refers, and to whom */
const party: Table = {
  rows: [
    [1, 'role', (value) => value.code(1, { RP: 'requester', RT: 'performer' })],
    [2, 'display', personText],
    [7, 'identifier', provider],
  ],
};

export const PRD: SegmentReader = (segment, scene) => {
  const { referral: found, context } = scene;
  if (found === undefined) return;
  const mark = context.ledger.mark;
  const part: { role?: string } = {};
  scene.fill(part, segment, party);
  const { role, ...who } = part;
  const taken = role === 'requester' && found['requester'] !== undefined;
  if (role === undefined || taken || Object.keys(who).length === 0) {
    context.ledger.forget(mark);
    return;
  }
  if (role === 'requester') found['requester'] = { type: 'Practitioner', ...who };
  else push(found, 'performer', { type: 'Practitioner', ...who });
};
