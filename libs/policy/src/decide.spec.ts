import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import {
  accessPolicyFiles,
  decide,
  loadAccessPolicy,
  instantiateFormula,
  serviceLeafApproves,
  toFill,
  writeReceipt,
  type AccessPolicy,
  type DecisionInput,
} from './index.js';

const read = (name: string) => readFileSync(new URL(`../../../policies/${name}`, import.meta.url), 'utf8');
const files = Object.fromEntries(accessPolicyFiles('east').map((name) => [name, read(name)]));
const members = ['harbor', 'lakeside', 'summit'];
const policy = loadAccessPolicy(files, { members });

const ask = (more: Partial<DecisionInput> = {}, roles: readonly string[] = ['clinician']): DecisionInput => ({
  requester: { institution: 'lakeside', roles, person: 'st-7' },
  owner: 'harbor',
  class: 'ordinary',
  level: 3,
  purpose: 'TREAT',
  relation: 'treating',
  requestedDays: 1,
  ...more,
});

/** every purpose, role and class that the files know, and some that they do not */
const purposes = [...new Set(policy.legal.rows.flatMap((row) => row.purposes)), 'HMARKT', 'PUBHLTH'];
const roles = [
  ...new Set(policy.legal.rows.flatMap((row) => row.roles)),
  ...['custodian', 'admin', 'integration-engineer', 'regulator', 'nobody'],
];
const classes = ['ordinary', 'sensitive:hiv', 'sensitive:sud', 'sensitive:unspecified'];
const levelOf = (name: string) => (name === 'ordinary' ? 3 : name === 'sensitive:hiv' ? 5 : 4);

/** what the table must say, written down independently: purpose, roles, ordinary, sensitive */
const expected: readonly [string, readonly string[], string, string][] = [
  ['TREAT', ['clinician', 'attending', 'ed'], 'permit none', 'permit required'],
  ['ETREAT', ['ed'], 'permit none', 'permit required'],
  ['HOPERAT', ['privacy-officer'], 'permit required', 'access.no-legal-basis'],
  ['HPAYMT', ['billing'], 'permit required', 'access.no-legal-basis'],
  ['HRESCH', ['researcher'], 'permit required', 'access.no-legal-basis'],
  ['PATRQT', ['patient'], 'permit required', 'permit required'],
];
const table = purposes.flatMap((purpose) =>
  roles.flatMap((role) => classes.map((name) => [purpose, role, name] as const)),
);

describe('a decision', () => {
  it.each(table)('%s as %s of %s', (purpose, role, name) => {
    const row = expected.find(([of, who]) => of === purpose && who.includes(role));
    const want = row?.[name === 'ordinary' ? 2 : 3] ?? 'access.no-legal-basis';
    const { outcome, approval, problem, formulaName, obligations } = decide(
      policy,
      ask({ purpose, class: name, level: levelOf(name), consent: 'given' }, [role]),
    );
    expect(outcome === 'permit' ? `permit ${approval}` : problem).toBe(want);
    expect(formulaName).toBe(outcome === 'permit' ? name.split(':')[0] : undefined);
    expect(obligations.length > 0).toBe(outcome === 'permit');
  });

  it('says what it rested on', () => {
    expect(decide(policy, ask({ requestedDays: 7 }))).toEqual({
      outcome: 'permit',
      legalBasis: 'example-east:treatment-ordinary',
      formulaName: 'ordinary',
      approval: 'none',
      rules: ['legal.treatment-ordinary', 'permit.treatment-ordinary'],
      obligations: ['purpose-only:TREAT', 'max-days:7', 'retain-days:30', 'consent:opt-out'],
      policyHash: policy.hash,
    });
  });

  it.each<[string, Partial<DecisionInput>, string[], string[]]>([
    ['no care relation', { relation: 'none' }, ['clinician'], []],
    [
      'no care relation for the sensitive class',
      { relation: 'none', class: 'sensitive:hiv', level: 5 },
      ['clinician'],
      [],
    ],
    ['too long a grant', { requestedDays: 31 }, ['clinician'], ['forbid.grant-too-long']],
    ['a foreign owner', { owner: 'elsewhere' }, ['clinician'], ['forbid.foreign-institution']],
    ['research on level 4', { purpose: 'HRESCH', level: 4, consent: 'given' }, ['researcher'], []],
    [
      'research on level 5',
      { purpose: 'HRESCH', level: 5, consent: 'given' },
      ['researcher'],
      ['forbid.level-5-outside-care'],
    ],
    ['research without consent', { purpose: 'HRESCH' }, ['researcher'], ['consent.opt-in']],
    ['a patient who refused', { consent: 'refused' }, ['clinician'], ['consent.opt-out']],
  ])('is a deny for %s', (_, more, who, rules) => {
    const decision = decide(policy, ask(more, who));
    expect(decision).toMatchObject({ outcome: 'deny', problem: 'access.denied', obligations: [] });
    expect(decision.formulaName).toBeUndefined();
    expect(decision.rules.slice(1)).toEqual(rules);
  });

  it('is a deny for an institution outside the region', () => {
    const foreign = ask();
    const decision = decide(policy, { ...foreign, requester: { ...foreign.requester, institution: 'elsewhere' } });
    expect(decision).toMatchObject({
      outcome: 'deny',
      rules: ['legal.treatment-ordinary', 'forbid.foreign-institution'],
    });
  });

  it.each<[string, Partial<DecisionInput>]>([
    ['a wildcard for a class', { class: 'sensitive:*' }],
    ['a class that is none', { class: 'constructor' }],
    ['a purpose that is none', { purpose: 'treat' }],
    ['a level of 0', { level: 0 }],
    ['a level of 2.5', { level: 2.5 }],
    ['no days', { requestedDays: 0 }],
    ['not a number of days', { requestedDays: Number.NaN }],
    ['an hour of 24', { hour: 24 }],
    ['an owner that is no id', { owner: '__proto__' }],
    ['a class with something before', { class: 'x ordinary' }],
    ['a class with something behind', { class: 'ordinary x' }],
    ['a purpose with something before', { purpose: 'x TREAT' }],
    ['a purpose with something behind', { purpose: 'TREAT x' }],
    ['an owner with something before', { owner: ' harbor' }],
    ['an owner with something behind', { owner: 'harbor ' }],
    ['nobody', { requester: { institution: 'lakeside', roles: ['clinician'], person: '' } }],
    [
      'a person of 129 letters',
      { requester: { institution: 'lakeside', roles: ['clinician'], person: 'x'.repeat(129) } },
    ],
    ['21 roles', { requester: { institution: 'lakeside', roles: Array(21).fill('clinician'), person: 'st-7' } }],
    ['a relation that is none', { relation: 'friend' as never }],
    ['a consent that is none', { consent: 'yes' as never }],
  ])('refuses %s', (_, more) => {
    expect(decide(policy, ask(more))).toMatchObject({ outcome: 'deny', problem: 'request.invalid', rules: [] });
  });

  it('takes what is just within its bounds', () => {
    const requester = { institution: 'lakeside', roles: Array<string>(20).fill('clinician'), person: 'x'.repeat(128) };
    expect(decide(policy, ask({ requester, hour: 23, level: 1 })).outcome).toBe('permit');
    expect(decide(policy, ask({ purpose: 'HMARKT' })).rules).toEqual([]);
  });

  it('asks no consent where the law asks none, and says none', () => {
    const told = { purpose: 'ETREAT', consent: 'refused', consentRules: ['consent.directive'] } as const;
    const decision = decide(policy, ask(told, ['ed']));
    expect(decision).toMatchObject({ outcome: 'permit', rules: ['legal.emergency-ordinary', 'permit.emergency'] });
    expect(decision.obligations.filter((one) => one.startsWith('consent:'))).toEqual([]);
  });

  it.each<[string, string, Partial<DecisionInput>, Partial<DecisionInput>]>([
    ['the hour', 'context has hour && context.hour < 6', { hour: 5 }, { hour: 6 }],
    ['no hour', '!(context has hour)', {}, { hour: 5 }],
    ['sensitivity', 'resource.sensitive', { class: 'sensitive:hiv', level: 5 }, {}],
  ])('lets a rule look at %s', (_, clause, denied, permitted) => {
    const text = `@id("forbid.extra") forbid (principal, action, resource) when { ${clause} };`;
    const stricter = loadAccessPolicy({ ...files, 'access/extra.cedar': text }, { members });
    expect(decide(stricter, ask(denied))).toMatchObject({
      outcome: 'deny',
      rules: expect.arrayContaining(['forbid.extra']),
    });
    expect(decide(stricter, ask(permitted)).outcome).toBe('permit');
  });

  it('works in an emergency without a relation', () => {
    const decision = decide(
      policy,
      ask({ purpose: 'ETREAT', relation: 'none', class: 'sensitive:hiv', level: 5 }, ['ed']),
    );
    expect(decision).toMatchObject({ outcome: 'permit', formulaName: 'sensitive', approval: 'required' });
    expect(decision.obligations).toEqual(
      expect.arrayContaining(['notify:patient', 'review:privacy-officer', 'max-days:1']),
    );
  });

  it('takes whichever of several roles permits, and no more', () => {
    expect(decide(policy, ask({}, ['regulator', 'clinician'])).outcome).toBe('permit');
    expect(decide(policy, ask({ purpose: 'HOPERAT' }, ['regulator', 'clinician'])).outcome).toBe('deny');
    const permits = (...who: string[]): AccessPolicy => ({
      ...policy,
      cedar: ({ context }) => ({ allowed: who.includes(String(context['role'])), rules: [`cedar.${context['role']}`] }),
    });
    const of = (policy: AccessPolicy) => decide(policy, ask({}, ['clinician', 'attending']));
    expect(of(permits('attending'))).toMatchObject({
      outcome: 'permit',
      rules: expect.arrayContaining(['cedar.attending']),
    });
    expect(of(permits('clinician', 'attending')).rules).toContain('cedar.clinician');
    // the first denial is what is told
    expect(of(permits())).toMatchObject({ outcome: 'deny', rules: ['legal.treatment-ordinary', 'cedar.clinician'] });
  });
});

const anyInput: fc.Arbitrary<DecisionInput> = fc
  .record({
    class: fc.constantFrom(...classes),
    level: fc.integer({ min: 1, max: 5 }),
    purpose: fc.constantFrom(...purposes),
    relation: fc.constantFrom('treating', 'none'),
    requestedDays: fc.integer({ min: 1, max: 40 }),
    consent: fc.constantFrom('given', 'refused', 'unknown'),
    held: fc.subarray(roles, { maxLength: 4 }),
    institution: fc.constantFrom(...members, 'elsewhere'),
  })
  .map(({ held, institution, ...more }) => ({
    ...ask(more as Partial<DecisionInput>),
    requester: { institution, roles: held, person: 'st-1' },
  }));

describe('properties of decisions', () => {
  const forbids = [
    'when { resource.level >= 4 }',
    'when { context.purpose == "TREAT" }',
    'when { principal.institution == Institution::"lakeside" }',
    'when { context has hour && context.hour < 6 }',
    'unless { context.relation == "treating" }',
    '',
  ];

  it.each(forbids)('another forbid (%s) permits nothing new', (clause) => {
    const text = `@id("forbid.extra") forbid (principal, action, resource) ${clause};`;
    const stricter = loadAccessPolicy({ ...files, 'access/extra.cedar': text }, { members });
    fc.assert(
      fc.property(anyInput, (input) => {
        const [before, after] = [decide(policy, input), decide(stricter, input)];
        expect(before.outcome === 'deny' ? after.outcome : 'deny').toBe('deny');
      }),
    );
  });

  it('a permit always has basis, formula, a permitting rule and bounded days', () => {
    let permits = 0;
    fc.assert(
      fc.property(anyInput, (input) => {
        const decision = decide(policy, input);
        if (decision.outcome === 'deny') return expect(decision.problem).toBeDefined();
        permits++;
        expect(decision.legalBasis && decision.formulaName).toBeTruthy();
        expect(decision.rules.some((rule) => rule.startsWith('permit.'))).toBe(true);
        expect(input.class === 'ordinary' || decision.approval === 'required').toBe(true);
        expect(members).toContain(input.requester.institution);
      }),
      { numRuns: 2000 },
    );
    expect(permits).toBeGreaterThan(20);
  });

  it('asking for less never turns a permit into a deny', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const less = decide(policy, { ...input, requestedDays: 1 });
        expect(decide(policy, input).outcome === 'permit' ? less.outcome : 'permit').toBe('permit');
      }),
    );
  });
});

describe('the suite', () => {
  it('finds a rule planted wrong', () => {
    const wrong = (files['access/permit.cedar'] ?? '').replace('context.relation == "treating" &&', '');
    const planted = loadAccessPolicy({ ...files, 'access/permit.cedar': wrong }, { members });
    expect(planted.hash).not.toBe(policy.hash);
    expect(decide(planted, ask({ relation: 'none' })).outcome).toBe('permit');
    expect(decide(policy, ask({ relation: 'none' })).outcome).toBe('deny');
  });

  it('denies when a forbid fails to evaluate, which Cedar itself would skip', () => {
    const text =
      '@id("forbid.overflow") forbid (principal, action, resource) when { context.requestedDays * 9223372036854775807 > 0 };';
    const failing = loadAccessPolicy({ ...files, 'access/extra.cedar': text }, { members });
    expect(decide(failing, ask({ requestedDays: 2 }))).toMatchObject({
      outcome: 'deny',
      rules: ['legal.treatment-ordinary', 'cedar.error:forbid.overflow'],
    });
  });

  it('denies when Cedar fails', () => {
    const broken = { ...policy, cedar: () => ({ allowed: false, rules: ['cedar.failure'] }) };
    expect(decide(broken, ask()).outcome).toBe('deny');
    const throwing = {
      ...policy,
      cedar: () => {
        throw new Error('out of memory');
      },
    };
    expect(decide(throwing, ask())).toMatchObject({
      outcome: 'deny',
      problem: 'access.denied',
      rules: ['legal.treatment-ordinary', 'cedar.failure'],
    });
  });
});

/** What a custodian's service is asked, under the region's formula of the class or another one. */
const leafOf = (
  input: DecisionInput,
  approval: 'none' | 'required' = 'none',
  name = input.class === 'ordinary' ? 'ordinary' : 'sensitive',
) => ({
  ...input,
  approval,
  formula: instantiateFormula(policy.formulas[name]!, { source: 'harbor', members }),
});

describe('a custodian', () => {
  const nobody = { institutions: [], persons: [] };
  const refused = (reason: string) => ({ approves: false, leaves: [], reason });

  const answer = (input: ReturnType<typeof leafOf>, at = 'summit') => serviceLeafApproves(policy, input, nobody, at);

  it('answers by itself under a legal basis inside the region', () => {
    expect(answer(leafOf(ask()))).toEqual({ approves: true, leaves: ['custodian@summit'] });
    const sensitive = leafOf(ask({ class: 'sensitive:hiv' }), 'required');
    expect(answer(sensitive)).toEqual({ approves: true, leaves: ['custodian@summit'] });
  });

  it('stands beside people where the law wants them, and has no place of its own then', () => {
    const operations = ask({ purpose: 'HOPERAT' }, ['privacy-officer']);
    expect(answer(leafOf(operations, 'required'))).toEqual({ approves: true, leaves: ['witness@summit'] });
    expect(answer(leafOf(operations, 'required'), 'harbor')).toEqual(refused('people-must-approve'));
    // a request that hides that people must approve is answered by nobody
    expect(answer(leafOf(operations, 'none'))).toEqual(refused('people-must-approve'));
    expect(toFill(leafOf(operations).formula, 'required', 'HOPERAT')).toEqual([
      'privacy-officer@harbor',
      'attending@harbor',
      'witness@lakeside',
      'witness@summit',
    ]);
  });

  it('answers alone where one of several bases wants no people', () => {
    const [basis] = policy.legalBasis('TREAT', ['clinician'], 'ordinary');
    const two = (['required', 'none'] as const).map((approval) => ({ ...basis!, row: { ...basis!.row, approval } }));
    const mixed = { ...policy, legalBasis: () => two };
    expect(serviceLeafApproves(mixed, leafOf(ask()), nobody, 'summit').approves).toBe(true);
    const people = { ...policy, legalBasis: () => two.slice(0, 1) };
    expect(serviceLeafApproves(people, leafOf(ask()), nobody, 'summit')).toEqual(refused('people-must-approve'));
  });

  it('finds nothing to fill where people must approve and the formula has no place for any', () => {
    const formula = { k: 2, of: [{ leaf: 'custodian@harbor' }, { leaf: 'custodian@summit' }] };
    expect(toFill(formula, 'required', 'TREAT')).toEqual([]);
  });

  it('has emergency departments stand beside it in emergencies only', () => {
    const { formula } = leafOf(ask({ class: 'sensitive:hiv' }), 'required');
    const departments = (purpose: string) =>
      toFill(formula, 'required', purpose).filter((leaf) => leaf.startsWith('ed@'));
    expect(departments('TREAT')).toEqual([]);
    expect(departments('ETREAT')).toEqual(['ed@harbor', 'ed@lakeside', 'ed@summit']);
  });

  it.each([
    ['no-legal-basis', ask({ purpose: 'HMARKT' }), nobody],
    ['no-legal-basis', ask({}, ['regulator']), nobody],
    ['people-must-approve', ask({ purpose: 'HOPERAT' }, ['privacy-officer']), nobody],
    ['not-a-member', ask({ owner: 'elsewhere' }), nobody],
    ['denied-institution', ask(), { institutions: ['lakeside'], persons: [] }],
    ['denied-person', ask(), { institutions: [], persons: ['st-7'] }],
  ] as const)('does not: %s', (reason, input, denials) => {
    expect(serviceLeafApproves(policy, leafOf(input), denials, 'summit')).toEqual(refused(reason));
  });
});

describe('a receipt', () => {
  it('quotes the decision', () => {
    const input = ask({ purpose: 'HMARKT' });
    const receipt = writeReceipt(decide(policy, input), input, { id: '00000000-0000-4000-8000-000000000000', time: 7 });
    expect(JSON.parse(JSON.stringify(receipt))).toEqual(receipt);
    expect(receipt).toEqual({
      version: 1,
      id: '00000000-0000-4000-8000-000000000000',
      policyHash: policy.hash,
      rules: [],
      obligations: [],
      consents: [],
      enforced: 'mathematics',
      outcome: 'deny',
      problem: 'access.no-legal-basis',
      purpose: 'HMARKT',
      class: 'ordinary',
      requester: input.requester,
      owner: 'harbor',
      time: 7,
    });
  });
});
