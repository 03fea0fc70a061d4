import type { SegmentReader } from './scene.js';
import { Reading } from './reading.js';
import { XCN } from './types-identity.js';
import { dateTime } from './types-value.js';
import { push, type Table } from './table.js';

/** NTE → Annotation; NTE-3 is its text, a line a repetition */
const annotation: Table = {
  rows: [
    [5, 'authorReference', XCN],
    [6, 'time', dateTime],
  ],
  messageOnly: [1],
};

/** types whose R4 resource has notes */
const annotated = new Set([
  'AllergyIntolerance',
  'ChargeItem',
  'Condition',
  'Goal',
  'Immunization',
  'MedicationDispense',
  'MedicationRequest',
  'Observation',
  'Procedure',
  'ServiceRequest',
  'Specimen',
]);

/** types with one text for remarks: lines are added to it */
const remarked: Readonly<Record<string, string>> = { Appointment: 'comment', DocumentReference: 'description' };

export const NTE: SegmentReader = (segment, scene) => {
  const about = scene.noted;
  const field = about === undefined ? undefined : remarked[about.resourceType];
  if (about === undefined || (field === undefined && !annotated.has(about.resourceType))) return;
  const lines = segment.repetitions(3).map((each) => new Reading(segment, each));
  const text = lines
    .map((each) => each.whole() ?? '')
    .join('\n')
    .trim();
  if (text === '') return;
  scene.context.ledger.take(lines.flatMap(({ read }) => read));
  if (field !== undefined) {
    about[field] = [about[field], text].filter(Boolean).join('\n');
    scene.context.ledger.explain(segment.where(1), 'message-only');
    return;
  }
  const note = { text };
  scene.fill(note, segment, annotation);
  push(about, 'note', note);
};
