import type { Segment } from '@medshare/hl7';
import type { Scene, SegmentReader } from './scene.js';
import { CWE, translatedConcept } from './types-coded.js';
import { EI } from './types-identity.js';
import { date, dateTime } from './types-value.js';
import { unless, type Condition, type Table } from './table.js';

const clinical = 'http://terminology.hl7.org/CodeSystem/condition-clinical';
const verification = 'http://terminology.hl7.org/CodeSystem/condition-ver-status';
const category = {
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-category', code: 'problem-list-item' }],
};

const isDeleted = (segment: Segment) => segment.text(1) === 'DE';
const isKept: Condition = (segment) => !isDeleted(segment);

/** words of life cycles, which PRB-14 leaves to the site, and of PRB-13 where senders put them there */
const lifecycle = translatedConcept(clinical, {
  ACTIVE: 'active',
  A: 'active',
  RECURRENCE: 'recurrence',
  INACTIVE: 'inactive',
  I: 'inactive',
  REMISSION: 'remission',
  RESOLVED: 'resolved',
  R: 'resolved',
});

/** PRB → Condition. (The guide has no map of PRB.) */
const problem: Table = {
  rows: [
    [1, 'verificationStatus', translatedConcept(verification, { DE: 'entered-in-error' })],
    [2, 'recordedDate', dateTime],
    [3, 'code', CWE],
    [4, 'identifier[]', EI],
    [7, 'onsetDateTime', dateTime, unless(16)],
    [9, 'abatementDateTime', dateTime],
    [13, 'verificationStatus', translatedConcept(verification, { C: 'confirmed', P: 'provisional' }), isKept],
    [13, 'clinicalStatus', lifecycle, isKept],
    [14, 'clinicalStatus', lifecycle, isKept],
    [16, 'onsetDateTime', dateTime],
  ],
};

const state = (code: string) => ({ coding: [{ system: clinical, code }] });
const over = ['resolved', 'remission', 'inactive'];

export const PRB: SegmentReader = (segment, scene: Scene) => {
  if (scene.patient === undefined) return;
  if (!isDeleted(segment)) scene.context.ledger.explain(segment.where(1), 'message-only');
  const elements = { category: [category], ...scene.subject, ...scene.visit };
  const found = scene.add('Condition', segment, problem, elements);
  // what has ended is not active (invariant con-4); what was never there has no state (con-5)
  const status = found['clinicalStatus'] as ReturnType<typeof state> | undefined;
  const ended = found['abatementDateTime'] !== undefined && !over.includes(status?.coding[0]?.code ?? '');
  if (isDeleted(segment)) delete found['clinicalStatus'];
  else if (ended) found['clinicalStatus'] = state('resolved');
  else found['clinicalStatus'] ??= state('active');
  scene.focusOn(found);
};

/** GOL → Goal. (The guide has no map of GOL.) */
const goal: Table = {
  rows: [
    [3, 'description', CWE],
    [4, 'identifier[]', EI],
    [7, 'startDate', date],
    [8, 'target[0].dueDate', date],
  ],
};

const goalStatus: Readonly<Record<string, string>> = { DE: 'entered-in-error', CA: 'cancelled' };

export const GOL: SegmentReader = (segment, scene) => {
  if (scene.patient === undefined) return;
  const lifecycleStatus = goalStatus[segment.text(1) ?? ''] ?? 'active';
  const found = scene.add('Goal', segment, goal, { lifecycleStatus, ...scene.subject });
  found['description'] ??= { text: 'unspecified' };
  scene.focusOn(found);
};
