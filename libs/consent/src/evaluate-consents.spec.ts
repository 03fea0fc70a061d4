import fc from 'fast-check';
import { evaluateConsents, type ConsentQuestion, type StatedConsent } from './evaluate-consents.js';
import { naively } from './naive-evaluator.fixture.js';

const coding = (system: string, code: string) => ({ system: `http://terminology.hl7.org/CodeSystem/${system}`, code });
const purpose = (code: string) => coding('v3-ActReason', code);
const recipient = { coding: [coding('v3-ParticipationType', 'IRCP')] };
const organization = (id: string) => ({ role: recipient, reference: { reference: `Organization/${id}` } });
const named = (system: string, value: string) => ({ role: recipient, reference: { identifier: { system, value } } });

const consent = (provision: object, change: object = {}) => ({
  resourceType: 'Consent',
  status: 'active',
  scope: { coding: [coding('consentscope', 'patient-privacy')] },
  category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
  patient: { identifier: { system: 'urn:medshare:east:citizen', value: '1' } },
  dateTime: '2026-11-01',
  policy: [{ uri: 'https://east.example/consent/1' }],
  provision,
  ...change,
});

const at = Date.parse('2026-11-21T08:00:00Z');
const institutions = new Set(['harbor', 'lakeside', 'summit']);
const question = (change: Partial<ConsentQuestion> = {}): ConsentQuestion => ({
  requester: { institution: 'lakeside', person: 'st-7', roles: ['clinician'] },
  purpose: 'TREAT',
  class: 'ordinary',
  at,
  institutions,
  ...change,
});
const stated = (resources: readonly unknown[]): StatedConsent[] =>
  resources.map((resource, i) => ({ resource, commitment: `c${i}` }));
const answer = (resources: readonly unknown[], change: Partial<ConsentQuestion> = {}) =>
  evaluateConsents(stated(resources), question(change));
const said = (...args: Parameters<typeof answer>) => answer(...args).said;

describe('one consent', () => {
  it('permits or denies by purpose, and says nothing of others', () => {
    const research = consent({ type: 'permit', purpose: [purpose('HRESCH')] });
    expect([said([research], { purpose: 'HRESCH' }), said([research]), said([])]).toEqual([
      'given',
      'unknown',
      'unknown',
    ]);
    // a kind of research, and an emergency as a kind of treatment
    expect(said([research], { purpose: 'CLINTRCH' })).toBe('given');
    expect(said([consent({ type: 'deny', purpose: [purpose('TREAT')] })], { purpose: 'ETREAT' })).toBe('refused');
    expect(said([consent({ type: 'deny', purpose: [purpose('ETREAT')] })])).toBe('unknown');
  });

  it('knows institutions, roles and persons', () => {
    const deny = (actor: object) => said([consent({ type: 'deny', actor: [actor] })]);
    expect(deny(organization('lakeside'))).toBe('refused');
    expect(deny(organization('summit'))).toBe('unknown');
    expect(deny(named('urn:medshare:role', 'clinician'))).toBe('refused');
    expect(deny(named('urn:medshare:role', 'clinician@summit'))).toBe('unknown');
    expect(deny(named('urn:medshare:person', 'st-7@lakeside'))).toBe('refused');
    expect(deny(named('urn:medshare:person', 'st-8@lakeside'))).toBe('unknown');
  });

  it('lets the innermost match decide, and deny between equals', () => {
    const nested = consent({
      type: 'permit',
      provision: [
        {
          type: 'deny',
          actor: [organization('lakeside')],
          provision: [{ type: 'permit', actor: [named('urn:medshare:role', 'attending')] }],
        },
      ],
    });
    expect(said([nested])).toBe('refused');
    expect(said([nested], { requester: { institution: 'summit', person: 'x', roles: ['clinician'] } })).toBe('given');
    expect(said([nested], { requester: { institution: 'lakeside', person: 'x', roles: ['attending'] } })).toBe('given');
    const siblings = consent({ type: 'permit', provision: [{ type: 'permit' }, { type: 'deny' }] });
    expect(said([siblings])).toBe('refused');
  });

  it('covers a class by its security label', () => {
    const hiv = consent({ type: 'deny', securityLabel: [coding('v3-ActCode', 'HIV')] });
    expect([said([hiv]), said([hiv], { class: 'sensitive:hiv' })]).toEqual(['unknown', 'refused']);
    const restricted = consent({ type: 'deny', securityLabel: [coding('v3-Confidentiality', 'R')] });
    expect([said([restricted]), said([restricted], { class: 'sensitive:std' })]).toEqual(['unknown', 'refused']);
  });

  it('ends, and begins; where the zone is missing the patient has the benefit', () => {
    const lasting = (type: string, period: object, when: string) =>
      said([consent({ type, period })], { at: Date.parse(when) });
    const period = { start: '2026-11-01T00:00:00+08:00', end: '2026-11-20T23:59:59+08:00' };
    expect(lasting('permit', period, '2026-11-20T15:59:59Z')).toBe('given');
    expect(lasting('permit', period, '2026-11-20T16:00:00Z')).toBe('unknown');
    expect(lasting('permit', period, '2026-10-31T15:59:59Z')).toBe('unknown');
    // a day without a zone ends for a permit when it ends first on earth, for a deny when it ends last
    const day = { end: '2026-11-20' };
    expect(lasting('permit', day, '2026-11-20T09:59:59Z')).toBe('given');
    expect(lasting('permit', day, '2026-11-20T10:00:00Z')).toBe('unknown');
    expect(lasting('deny', day, '2026-11-21T11:59:59Z')).toBe('refused');
    expect(lasting('deny', day, '2026-11-21T12:00:00Z')).toBe('unknown');
    expect(lasting('permit', { start: '2026', end: '2026' }, '2026-06-01T00:00:00Z')).toBe('given');
  });

  it('that is not active counts for nothing', () => {
    for (const status of ['draft', 'proposed', 'rejected', 'inactive', 'entered-in-error'])
      expect(answer([consent({ type: 'deny' }, { status })])).toEqual({ said: 'unknown', rules: [], considered: [] });
  });

  it.each<[string, object]>([
    ['Consent.provision.purpose[0]', consent({ type: 'permit', purpose: [purpose('NEWCODE')] })],
    ['Consent.provision.purpose[0]', consent({ type: 'permit', purpose: [{ system: 'urn:other', code: 'TREAT' }] })],
    ['Consent.provision.modifierExtension', consent({ type: 'permit', modifierExtension: [{ url: 'urn:x' }] })],
    ['Consent.modifierExtension', consent({ type: 'permit' }, { modifierExtension: [{ url: 'urn:x' }] })],
    ['Consent.implicitRules', consent({ type: 'permit' }, { implicitRules: 'urn:x' })],
    ['Consent.status', consent({ type: 'permit' }, { status: 'valid' })],
    ['Consent.scope', consent({ type: 'permit' }, { scope: { coding: [coding('consentscope', 'adr')] } })],
    ['Consent.provision', consent({ type: 'permit' }, { provision: undefined })],
    ['Consent.provision.type', consent({ type: 'maybe' })],
    ['Consent.provision.type', consent({})],
    ['Consent.provision.class', consent({ type: 'permit', class: [{ code: 'x' }] })],
    ['Consent.provision.dataPeriod', consent({ type: 'permit', dataPeriod: { start: '2020' } })],
    ['Consent.provision.securityLabel[0]', consent({ type: 'permit', securityLabel: [coding('v3-ActCode', 'NEW')] })],
    [
      'Consent.provision.action[0]',
      consent({ type: 'permit', action: [{ coding: [coding('consentaction', 'teach')] }] }),
    ],
    ['Consent.provision.period', consent({ type: 'permit', period: { end: '2026-13-01' } })],
    ['Consent.provision.period', consent({ type: 'permit', period: { start: '2028', end: '2026' } })],
    [
      'Consent.provision.actor[0].role',
      consent({ type: 'permit', actor: [{ ...organization('lakeside'), role: {} }] }),
    ],
    ['Consent.provision.actor[0].reference', consent({ type: 'deny', actor: [organization('lakesdie')] })],
    [
      'Consent.provision.actor[0].reference',
      consent({ type: 'permit', actor: [{ role: recipient, reference: { reference: 'Practitioner/1' } }] }),
    ],
    ['Consent.provision.provision[0].type', consent({ type: 'permit', provision: [{}] })],
    ['Consent.verification[0]', consent({ type: 'permit' }, { verification: [{ verified: false }] })],
  ])('refuses what is not understood: %s', (where, resource) => {
    const { said: outcome, rules } = answer([resource, consent({ type: 'permit' })]);
    expect([outcome, rules]).toEqual(['refused', expect.arrayContaining([`consent.not-understood:${where}`])]);
  });

  it('refuses one that is nested or repeated without end', () => {
    const deep = (n: number): object => (n === 0 ? { type: 'permit' } : { type: 'permit', provision: [deep(n - 1)] });
    expect(said([consent(deep(4))])).toBe('given');
    expect(said([consent(deep(5))])).toBe('refused');
    expect(said([consent({ type: 'permit', provision: Array(300).fill({ type: 'permit' }) })])).toBe('refused');
  });
});

describe('between consents', () => {
  it('deny overrides, and every version that counted is named', () => {
    const [yes, no] = [consent({ type: 'permit' }), consent({ type: 'deny', purpose: [purpose('TREAT')] })];
    expect(answer([yes, no])).toEqual({
      said: 'refused',
      rules: ['consent.deny', 'consent.permit'],
      considered: ['c0', 'c1'],
    });
  });
});

const periods = fc.option(
  fc.record(
    {
      start: fc.constantFrom('2026-11-19', '2026-11-21', '2026-11-20T10:00:00+08:00', '2026-11-22'),
      end: fc.constantFrom('2026-11-22', '2026-11-23', '2026-11-24T08:00:00-05:00'),
    },
    { requiredKeys: [] },
  ),
  { nil: undefined, freq: 3 },
);
const some = <T>(of: fc.Arbitrary<T>) => fc.option(fc.array(of, { minLength: 1, maxLength: 2 }), { nil: undefined });
const purposes = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom('TREAT', 'ETREAT', 'HRESCH', 'CLINTRCH', 'HPAYMT') },
  { weight: 1, arbitrary: fc.constant('XYZZY') },
);
const actors = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom('harbor', 'lakeside', 'summit').map(organization) },
  {
    weight: 20,
    arbitrary: fc.constantFrom('clinician', 'attending@lakeside').map((one) => named('urn:medshare:role', one)),
  },
  {
    weight: 10,
    arbitrary: fc.constantFrom('st-7@lakeside', 'st-7@summit').map((one) => named('urn:medshare:person', one)),
  },
  { weight: 1, arbitrary: fc.constant(organization('nowhere')) },
);
const labels = fc.constantFrom(
  coding('v3-Confidentiality', 'N'),
  coding('v3-Confidentiality', 'R'),
  coding('v3-ActCode', 'HIV'),
  coding('v3-ActCode', 'PSY'),
);
const provisions = fc.letrec<{ one: object }>((tie) => ({
  one: fc
    .record({
      type: fc.constantFrom('permit', 'deny'),
      period: periods,
      actor: some(actors),
      purpose: some(purposes.map(purpose)),
      securityLabel: some(labels),
      provision: fc.option(fc.array(tie('one'), { minLength: 1, maxLength: 2 }), {
        nil: undefined,
        maxDepth: 3,
      }),
      modifierExtension: fc.oneof(
        { weight: 40, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.constant([{ url: 'u' }]) },
      ),
    })
    .map((one) => JSON.parse(JSON.stringify(one)) as object),
})).one;
const consents = fc
  .tuple(provisions, fc.constantFrom('active', 'active', 'active', 'inactive'))
  .map(([provision, status]) => consent(provision, { status }));
const questions: fc.Arbitrary<ConsentQuestion> = fc.record({
  requester: fc.record({
    institution: fc.constantFrom('lakeside', 'summit'),
    person: fc.constantFrom('st-7', 'st-8'),
    roles: fc.constantFrom(['clinician'], ['attending'], ['attending', 'clinician']),
  }),
  purpose: fc.constantFrom('TREAT', 'ETREAT', 'HRESCH', 'CLINTRCH', 'HPAYMT'),
  class: fc.constantFrom('ordinary', 'sensitive:hiv', 'sensitive:psychiatry'),
  at: fc.integer({ min: Date.parse('2026-11-18T00:00:00Z'), max: Date.parse('2026-11-25T23:00:00Z') }),
  institutions: fc.constant(institutions),
});

type Evaluator = (resources: readonly unknown[], question: ConsentQuestion) => string;
const real: Evaluator = (resources, asked) => evaluateConsents(stated(resources), asked).said;

/** A first question that the two evaluators answer differently, of those that a seed gives. */
const disagreement = (evaluator: Evaluator, runs = 1000): unknown =>
  fc.check(
    fc.property(fc.array(consents, { maxLength: 3 }), questions, (resources, asked) => {
      return evaluator(resources, asked) === naively(resources, asked);
    }),
    { numRuns: runs, seed: 20_261_121 },
  ).counterexample;

describe('any consents', () => {
  it('are judged as a second, naive evaluator judges them', () => {
    expect(disagreement(real)).toBeNull();
  });

  type Resource = { status: string; provision: { type: string; provision?: object[] } };
  it.each<[string, Evaluator]>([
    [
      'permit overrides between consents',
      (all, asked) => (all.some((one) => real([one], asked) === 'given') ? 'given' : real(all, asked)),
    ],
    [
      'the base rule decides',
      (all, asked) =>
        real(
          all.map((one) => ({
            ...(one as Resource),
            provision: { ...(one as Resource).provision, provision: undefined },
          })),
          asked,
        ),
    ],
    [
      'expiry is not looked at',
      (all, asked) => real(JSON.parse(JSON.stringify(all).replaceAll('"period"', '"extension"')) as unknown[], asked),
    ],
    [
      'unknown codes are passed over',
      (all, asked) =>
        real(
          all.filter((one) => !JSON.stringify(one).includes('XYZZY')),
          asked,
        ),
    ],
    [
      'modifiers are passed over',
      (all, asked) =>
        real(JSON.parse(JSON.stringify(all).replaceAll('"modifierExtension"', '"extension"')) as unknown[], asked),
    ],
    ['the last consent decides', (all, asked) => real(all.slice(-1), asked)],
  ])('would be found to be judged wrong: %s', (_, evaluator) => {
    expect(disagreement(evaluator)).not.toBeNull();
  });

  it('are judged alike in any order', () => {
    fc.assert(
      fc.property(
        fc
          .array(consents, { minLength: 2, maxLength: 4 })
          .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        questions,
        ([all, shuffled], asked) => {
          const [a, b] = [all, shuffled].map((each) => evaluateConsents(stated(each), asked));
          expect([b!.said, b!.rules]).toEqual([a!.said, a!.rules]);
        },
      ),
    );
  });

  it('one more refusal never opens anything', () => {
    fc.assert(
      fc.property(fc.array(consents, { maxLength: 3 }), questions, (all, asked) => {
        expect(real([...all, consent({ type: 'deny' })], asked)).toBe('refused');
      }),
    );
  });

  it('no JSON throws, and what is not a consent permits nothing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), questions, (value, asked) => {
        expect(real([value], asked)).not.toBe('given');
        const half = { ...consent({ type: 'permit' }), provision: value };
        expect(['given', 'refused', 'unknown']).toContain(real([half], asked));
      }),
    );
  });
});
