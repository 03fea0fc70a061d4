import { randomUUID } from 'node:crypto';
import type { EmergencyReason } from '@medshare/events';
import { TestAccess } from './fixture/access.fixture.js';

const reason: EmergencyReason = { code: 'unconscious', text: 'found at the quay', salt: 'A'.repeat(22) };
const HOUR = 3_600_000;
let test: TestAccess;

beforeAll(async () => {
  test = await TestAccess.open();
}, 120_000);
beforeEach(() => test.clear());
afterAll(() => test.roles.close());

/** Somebody of harbor's emergency department breaks the glass. @returns the ask */
const emergency = async (person = 'ed.zhao', change: object = {}) => {
  const { certificate } = test.roles.staff('harbor', person, ['ed']);
  const known = { ...certificate, person: test.certificates.pseudonym(person) };
  const ask = { ...test.envelope().ask, askId: randomUUID() as string, purpose: 'ETREAT', ...change };
  const emergency = { reason: 'A'.repeat(43) };
  const given = { ask: { ...ask, emergency }, certificate: known, reason };
  await test.openings.open(given as never);
  return { askId: ask.askId, given };
};
const officer = () => test.principal('officer.li', 'privacy-officer');
const due = async () => test.reviews.list(officer(), 'due');
const audited = (action: string) => test.roles.audited.filter((one) => one.action === action);

describe('a review of an emergency', () => {
  it('is opened once, before the emergency leaves the institution, and says who, why and until when', async () => {
    const { askId, given } = await emergency();
    await test.openings.open(given as never);
    const [review, ...more] = await due();
    expect(more).toEqual([]);
    expect(review).toMatchObject({
      side: 'requester',
      askId,
      state: 'open',
      overdue: false,
      reason: { code: 'unconscious', text: 'found at the quay' },
      requester: { institution: 'harbor', roles: ['ed'] },
      outcomes: [],
    });
    expect(review!.dueAt - review!.openedAt).toBe(test.policy.emergency.reviewHours * HOUR);
    expect(audited('review.read')).toHaveLength(1);
    // what was stated stands in no table in clear
    expect(JSON.stringify(await test.rows('review'))).not.toContain('quay');
  });

  it('is not opened for an ask that is no emergency, and an emergency without a reason does not leave', async () => {
    const { given } = await emergency();
    await test.clear();
    await test.openings.open({ ...given, ask: { ...given.ask, emergency: undefined } } as never);
    expect(await test.rows('review')).toEqual([]);
    await expect(test.openings.open({ ...given, reason: undefined } as never)).rejects.toMatchObject({
      code: 'access.reason-missing',
    });
  });

  it('is overdue past its time, and counted so', async () => {
    await emergency();
    expect(await test.reviews.backlog()).toEqual({ waiting: 1, overdue: 0 });
    const before = test.roles.clock.now();
    test.roles.clock.advance(test.policy.emergency.reviewHours * HOUR);
    expect(await test.reviews.backlog()).toEqual({ waiting: 1, overdue: 1 });
    expect((await test.reviews.list(officer(), 'overdue')).map(({ overdue }) => overdue)).toEqual([true]);
    test.roles.clock.set(before);
  });

  it('stays open for a follow-up, is closed once, and keeps all that was said', async () => {
    await emergency();
    const { reviewId } = (await due())[0]!;
    const say = (outcome: 'needs-follow-up' | 'justified', text: string) =>
      test.closing.close(officer(), reviewId, { outcome, reason: text } as never);
    expect(await say('needs-follow-up', 'who was on duty?')).toBe('follow-up');
    expect(await say('justified', 'on duty, and alone')).toBe('closed');
    await expect(say('justified', 'again')).rejects.toMatchObject({ code: 'request.conflict' });
    expect(await due()).toEqual([]);
    const [closed] = await test.reviews.list(officer(), 'closed');
    expect(closed?.outcomes.map(({ outcome, reason: why }) => [outcome, why])).toEqual([
      ['needs-follow-up', 'who was on duty?'],
      ['justified', 'on duty, and alone'],
    ]);
    expect(audited('review.closed')).toHaveLength(2);
    expect(JSON.stringify(await test.rows('review_outcome'))).not.toContain('duty');
  });

  it('is nobody’s own, and not of what is not there', async () => {
    await emergency('ed.zhao');
    const { reviewId } = (await due())[0]!;
    const own = test.principal('ed.zhao', 'ed', 'privacy-officer');
    const body = { outcome: 'justified', reason: 'I was right' } as never;
    await expect(test.closing.close(own, reviewId, body)).rejects.toMatchObject({ code: 'access.self-approval' });
    for (const id of [randomUUID(), 'x'])
      await expect(test.closing.close(officer(), id, body)).rejects.toMatchObject({ code: 'request.not-found' });
  });
});

describe('notifications', () => {
  const subject = { system: 'urn:medshare:east:citizen', value: 'N-1' };
  const mei = () => ({ ...test.principal('mei.lin', 'patient'), patient: subject });

  /** As a decision keeps it: what the permit's obligations ask for. */
  const told = async () => {
    const { certificate } = test.roles.staff('lakeside', 'ed', ['ed']);
    const { notifications } = await test.people.obliged({
      askId: randomUUID(),
      expiresAt: test.roles.clock.now() + HOUR,
      purpose: 'ETREAT',
      certificate,
      reason,
      permits: [{ class: 'sensitive:hiv', obligations: ['notify:patient'] }] as never,
      patients: [test.context.patientKey(subject.system, subject.value)],
    });
    await test.store.notification.createMany({ data: notifications });
  };

  it('tell the patient who saw what and why, never the words of the reason; the first look is written down', async () => {
    await told();
    const [first, ...more] = await test.told.list(mei());
    expect(more).toEqual([]);
    expect(first).toMatchObject({
      kind: 'emergency',
      owner: 'harbor',
      classes: ['sensitive:hiv'],
      code: 'unconscious',
    });
    expect(JSON.stringify(first)).not.toContain('quay');
    expect(audited('notification.read')).toHaveLength(1);
    test.roles.clock.advance(1_000);
    expect((await test.told.list(mei()))[0]?.seenAt).toBe(first?.seenAt);
    expect(audited('notification.read')).toHaveLength(1);
  });

  it('are nobody else’s', async () => {
    await told();
    expect(await test.told.list({ ...mei(), patient: { ...subject, value: 'N-2' } })).toEqual([]);
    expect(await test.told.list(test.principal('dr.chen', 'clinician'))).toEqual([]);
    expect(audited('notification.read')).toEqual([]);
  });

  it('are owed only where the permit says so', async () => {
    const { certificate } = test.roles.staff('lakeside', 'ed', ['ed']);
    const permits = [{ class: 'ordinary', obligations: [] }] as never;
    const patients = ['p'];
    const given = { askId: randomUUID(), expiresAt: 1, purpose: 'TREAT', certificate, reason, permits, patients };
    expect(await test.people.obliged(given)).toEqual({ reviews: [], notifications: [] });
  });
});
