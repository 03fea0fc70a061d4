import type { Segment, Timestamp } from '@medshare/hl7';
import type { Resource } from './context.js';
import type { Scene, SegmentReader } from './scene.js';
import { codedIn, CWE, translated } from './types-coded.js';
import { EI, identified, identifierOf, PL, withRole, XCN } from './types-identity.js';
import { minuteAt, positive, timeOf } from './types-value.js';
import { push, type Condition, type Table, type Type } from './table.js';

/** HL7 table 0278 → AppointmentStatus */
const statuses = {
  PENDING: 'pending',
  WAITLIST: 'waitlist',
  BOOKED: 'booked',
  OVERBOOK: 'booked',
  BLOCKED: 'booked',
  STARTED: 'arrived',
  COMPLETE: 'fulfilled',
  CANCELLED: 'cancelled',
  DC: 'cancelled',
  DISCONTINUED: 'cancelled',
  DELETED: 'entered-in-error',
  NOSHOW: 'noshow',
};

/** what the trigger event says where SCH-25 is silent */
const triggered: Readonly<Record<string, string>> = {
  S15: 'cancelled',
  S16: 'cancelled',
  S17: 'entered-in-error',
  S26: 'noshow',
};

const contact = (role: string): Type => withRole('actor', { type: [{ text: role }], status: 'accepted' }, XCN);

/** SCH-11 says when only where there is no TQ1, which has replaced it since v2.5 */
const withoutTiming: Condition = (_, { message }) => message.first('TQ1') === undefined;
/** HL7 table 0482's unit of SCH-9 */
const inMinutes: Condition = (segment) => ['', 'MIN'].includes((segment.text(10) ?? '').toUpperCase());

const minutes: Type = (value, context) => {
  const length = positive(value, context);
  if (length !== undefined) value.beside(10).text(1);
  return length;
};

/** SCH → Appointment */
const appointment: Table = {
  rows: [
    [1, 'identifier[]', identifierOf('PLAC')],
    [2, 'identifier[]', identifierOf('FILL')],
    [7, 'reasonCode[]', codedIn('0276')],
    [8, 'appointmentType', codedIn('0277')],
    [9, 'minutesDuration', minutes, inMinutes],
    [11, 'start', minuteAt(4), withoutTiming],
    [11, 'end', minuteAt(5), withoutTiming],
    [12, 'participant[]', contact('placer contact')],
    [16, 'participant[]', contact('filler contact')],
    [20, 'participant[]', contact('enterer')],
    [25, 'status', translated(statuses)],
    [26, 'basedOn[]', identified('ServiceRequest', identifierOf('PLAC', EI))],
    [27, 'basedOn[]', identified('ServiceRequest', identifierOf('FILL', EI))],
  ],
};

const untimed = ['proposed', 'cancelled', 'waitlist'];

/** An appointment has a start and an end, or is cancelled, waiting or only proposed (invariants app-2 and app-3). */
const settleTime = (found: Resource, segment: Segment, { context }: Scene): void => {
  const { start, end, status } = found;
  if (start !== undefined && end !== undefined) return;
  delete found['start'];
  delete found['end'];
  if (start ?? end) found['requestedPeriod'] = [{ ...(start ? { start } : { end }) }];
  if (untimed.includes(String(status))) return;
  found['status'] = 'proposed';
  context.ledger.release(segment.first(25).where(1, 1));
  context.ledger.explain(segment.where(25), 'not-convertible');
};

export const SCH: SegmentReader = (segment, scene) => {
  const found = scene.add('Appointment', segment, appointment);
  found['status'] ??= triggered[scene.message.trigger] ?? 'booked';
  push(found, 'participant', { actor: scene.patientReference, status: 'accepted' });
  scene.appointment = found;
  scene.focusOn(found);
  scene.finally(() => settleTime(found, segment, scene));
};

/** Groups resources; says nothing itself. */
export const RGS: SegmentReader = (segment, scene) => {
  scene.fill({}, segment, { rows: [], messageOnly: [1, 2] });
};

const minutesOf: Readonly<Record<string, number>> = { S: 1 / 60, SEC: 1 / 60, MIN: 1, M: 1, H: 60, HR: 60, D: 1440 };

/** start + duration in the unit beside it, written in the start's own zone */
const endAfter =
  (segment: Segment, [from, unit]: readonly [number, number], scene: Scene): Type =>
  (value) => {
    const start = timeOf(segment.text(from) ?? '', scene.context);
    const factor = minutesOf[(segment.text(unit) ?? 'MIN').toUpperCase()] ?? Number.NaN;
    const minutes = Number(value.peek(1)) * factor;
    if (start === undefined || start.local.length < 16 || !(minutes >= 0 && minutes <= 1e6)) return undefined;
    value.text(1);
    value.beside(unit).text(1);
    return later(start, minutes);
  };

const later = ({ instant, zone }: Timestamp, minutes: number): string => {
  const offset = Number(`${zone.slice(0, 1)}1`) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6)));
  return new Date(Date.parse(instant) + (minutes + offset) * 60_000).toISOString().slice(0, 19) + zone;
};

/** HL7 table 0278 → ParticipationStatus of a resource */
const accepted = translated({
  BOOKED: 'accepted',
  OVERBOOK: 'accepted',
  STARTED: 'accepted',
  COMPLETE: 'accepted',
  PENDING: 'tentative',
  WAITLIST: 'tentative',
  CANCELLED: 'declined',
  DC: 'declined',
  DISCONTINUED: 'declined',
  DELETED: 'declined',
  NOSHOW: 'declined',
});

const resource: Type = (value) => {
  const [code, display] = [value.text(1), value.text(2)];
  return code === undefined && display === undefined
    ? undefined
    : { ...(code && { identifier: { value: code } }), ...(display && { display }) };
};

type Places = { readonly start: number; readonly length: number; readonly unit: number; readonly status: number };

/** AIG, AIL, AIP → a participant: who or what, from when to when, whether they come. One that is deleted takes no part. */
const participation =
  (actor: readonly [number, Type], type: number | undefined, at: Places): SegmentReader =>
  (segment, scene) => {
    if (scene.appointment === undefined || segment.text(2) === 'D') return;
    const rows: Table['rows'] = [
      [actor[0], 'actor', actor[1]],
      ...(type === undefined ? [] : [[type, 'type[]', CWE] as const]),
      [at.start, 'period.start', minuteAt(1)],
      [at.length, 'period.end', endAfter(segment, [at.start, at.unit], scene)],
      [at.status, 'status', accepted],
    ];
    const mark = scene.context.ledger.mark;
    const part: { actor?: object; type?: object; status?: string } = {};
    scene.fill(part, segment, { rows, messageOnly: [1, 2] });
    if (part.actor === undefined && part.type === undefined) {
      scene.context.ledger.forget(mark);
      return;
    }
    push(scene.appointment, 'participant', { ...part, status: part.status ?? 'needs-action' });
  };

export const AIG = participation([3, resource], 4, { start: 8, length: 11, unit: 12, status: 14 });
export const AIL = participation([3, PL], undefined, { start: 6, length: 9, unit: 10, status: 12 });
export const AIP = participation([3, XCN], 4, { start: 6, length: 9, unit: 10, status: 12 });

/** AIS → what the appointment is for, and when, where SCH and TQ1 do not say it */
export const AIS: SegmentReader = (segment, scene) => {
  const { appointment: found } = scene;
  if (found === undefined || segment.text(2) === 'D') return;
  const rows: Table['rows'] = [
    [3, 'serviceType[]', CWE],
    [4, 'start', minuteAt(1)],
    [7, 'end', endAfter(segment, [4, 8], scene)],
  ];
  scene.fill(found, segment, { rows, messageOnly: [1, 2] });
};
