import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import type { Formula } from '@medshare/crypto/formula';
import { makeCedar, type CedarQuestion } from './cedar.js';
import { accessPolicyFiles, instantiateFormula, loadAccessPolicy, type FormulaTemplate } from './index.js';
import { makeLegalBasisLookup } from './legal-basis.js';
import type { LegalBasisFile, LegalBasisRow } from './policy-files.js';

const read = (name: string) => readFileSync(new URL(`../../../policies/${name}`, import.meta.url), 'utf8');
const files = Object.fromEntries(accessPolicyFiles('east').map((name) => [name, read(name)]));
const members = ['harbor', 'lakeside', 'summit'];
const policy = loadAccessPolicy(files, { members });

const sensitive = policy.formulas['sensitive'] ?? '';

const refusal = (changed: Record<string, string>, of = members) => {
  try {
    loadAccessPolicy({ ...files, ...changed }, { members: of });
    return 'loaded';
  } catch (caught) {
    return String(caught);
  }
};
const formulas = (text: string) => ({
  'formulas/east.yaml': `version: 1\nclasses: { ordinary: main, 'sensitive:*': main }\nformulas: { main: ${text} }`,
});

const legalOf = (formula: string) => ({
  'legal-basis/east.yaml': (files['legal-basis/east.yaml'] ?? '').replaceAll(
    /formula: (ordinary|sensitive)/g,
    `formula: ${formula}`,
  ),
});

describe('formulas of the region', () => {
  it('are what the templates say', () => {
    const at = { source: 'lakeside', members };
    expect(instantiateFormula(policy.formulas['ordinary'] ?? '', at)).toEqual({
      k: 1,
      of: [
        { k: 2, of: [{ leaf: 'custodian@harbor' }, { leaf: 'custodian@lakeside' }, { leaf: 'custodian@summit' }] },
        {
          k: 2,
          of: [
            { k: 1, of: [{ leaf: 'privacy-officer@lakeside' }, { leaf: 'attending@lakeside' }] },
            { k: 1, of: [{ leaf: 'witness@harbor' }, { leaf: 'witness@summit' }] },
          ],
        },
      ],
    });
    expect(instantiateFormula(policy.formulas['sensitive'] ?? '', at)).toEqual({
      k: 1,
      of: [
        {
          k: 3,
          of: [
            { leaf: 'privacy-officer@lakeside' },
            { leaf: 'attending@lakeside' },
            { k: 1, of: [{ leaf: 'custodian@harbor' }, { leaf: 'custodian@summit' }] },
          ],
        },
        { k: 2, of: [{ leaf: 'ed@harbor' }, { leaf: 'ed@lakeside' }, { leaf: 'ed@summit' }] },
      ],
    });
  });

  it('do not depend on the order of the members', () => {
    const template = policy.formulas['sensitive'] ?? '';
    fc.assert(
      fc.property(fc.shuffledSubarray(members, { minLength: 3 }), (shuffled) => {
        expect(instantiateFormula(template, { source: 'harbor', members: shuffled })).toEqual(
          instantiateFormula(template, { source: 'harbor', members }),
        );
      }),
    );
  });

  it('name every class', () => {
    expect(['ordinary', 'sensitive:hiv', 'sensitive:new', 'other', 'constructor'].map(policy.formulaNameOf)).toEqual([
      'ordinary',
      'sensitive',
      'sensitive',
      undefined,
      undefined,
    ]);
    expect(policy.warnings).toEqual([]);
  });

  it('hold back every single institution and yield to every two', () => {
    const fills = (formula: Formula, of: readonly string[]): boolean =>
      'leaf' in formula
        ? of.includes(formula.leaf.split('@')[1] ?? '')
        : formula.of.filter((part) => fills(part, of)).length >= formula.k;
    for (const template of Object.values(policy.formulas))
      for (const source of members) {
        const formula = instantiateFormula(template, { source, members });
        for (const one of members) {
          expect(fills(formula, [one])).toBe(false);
          expect(
            fills(
              formula,
              members.filter((other) => other !== one),
            ),
          ).toBe(true);
        }
      }
  });

  it.each<[string, FormulaTemplate, { source: string; members: string[] }, object]>([
    ['no source among the members', sensitive, { source: 'x', members }, { where: 'x' }],
    ['too few members', sensitive, { source: 'harbor', members: ['harbor'] }, { where: 'harbor' }],
    ['a gate over nobody', { all: ['custodian@others'] }, { source: 'harbor', members: ['harbor'] }, {}],
    ['no gate', 'custodian@source', { source: 'harbor', members }, { detail: 'a formula is a gate, not a leaf' }],
    [
      'no gate over nobody',
      'custodian@others',
      { source: 'harbor', members: ['harbor'] },
      { detail: 'a formula is a gate, not a leaf' },
    ],
  ])('refuse %s', (_, template, at, said) => {
    expect(() => instantiateFormula(template, at)).toThrow(expect.objectContaining({ code: 'vault.formula', ...said }));
  });
});

describe('a legal basis', () => {
  const row = (id: string, ...roles: string[]) =>
    ({ id, purposes: ['TREAT'], roles, classes: ['ordinary', 'sensitive:*'] }) as unknown as LegalBasisRow;
  const lookup = makeLegalBasisLookup({
    rows: [row('first', 'attending', 'ed'), row('second', 'clinician'), row('third', 'nurse')],
  } as unknown as LegalBasisFile);
  const found = (...roles: string[]) => lookup('TREAT', roles, 'ordinary').map(({ row, role }) => [row.id, role]);

  it('is looked up in the order of the file, whatever the order of the roles', () => {
    const inOrder = [
      ['first', 'ed'],
      ['second', 'clinician'],
      ['third', 'nurse'],
    ];
    expect(found('nurse', 'clinician', 'ed')).toEqual(inOrder);
    expect(found('clinician', 'nurse', 'ed')).toEqual(inOrder);
    expect(found('ed', 'nurse', 'clinician')).toEqual(inOrder);
  });

  it('counts a role once', () => expect(found('ed', 'ed')).toEqual([['first', 'ed']]));
});

describe('Cedar', () => {
  const schema = files['access/schema.cedarschema'] ?? '';
  const ids = ['permit.b', 'permit.d', 'permit.a', 'permit.e', 'permit.c', 'permit.f'];
  const texts = ids.map((id) => `@id("${id}") permit (principal, action, resource);`);
  const user = { type: 'User', id: 'st-7' };
  const harbor = { type: 'Institution', id: 'harbor' };
  const section = { type: 'Section', id: 'asked' };
  const at = { __entity: harbor };
  const question = (context: object): CedarQuestion => ({
    principal: user,
    action: { type: 'Action', id: 'read' },
    resource: section,
    context: context as CedarQuestion['context'],
    entities: [
      { uid: harbor, attrs: { member: true }, parents: [] },
      { uid: user, attrs: { institution: at, roles: [] }, parents: [] },
      { uid: section, attrs: { owner: at, class: 'ordinary', sensitive: false, level: 3 }, parents: [] },
    ],
  });

  it('names the rules that permitted, sorted, and refuses a question of another shape', () => {
    const cedar = makeCedar('sorted', schema, texts);
    const context = {
      purpose: 'TREAT',
      relation: 'treating',
      role: 'ed',
      approval: 'none',
      requestedDays: 1,
      maxGrantDays: 1,
    };
    expect(cedar(question(context))).toEqual({ allowed: true, rules: [...ids].sort() });
    expect(cedar(question({}))).toEqual({ allowed: false, rules: ['cedar.failure'] });
  });

  it('says what it cannot read in a schema', () =>
    expect(() => makeCedar('unreadable', 'entity {', texts)).toThrow(/error parsing|unexpected/i));
});

describe('loading', () => {
  it.each([
    ['{ any: [ed@source, { all: [custodian@members] }] }', 'leaf-under-or ed@harbor'],
    ['{ any: [custodian@members] }', 'leaf-under-or'],
    ['{ all: [ed@source, attending@source] }', 'fills-alone harbor'],
    ['{ any: [{ all: [ed@source, attending@source] }, { all: [custodian@members] }] }', 'fills-alone'],
    ['{ all: [ed@source, custodian@members, custodian@others] }', 'leaf-twice'],
    ['{ atLeast: 4, of: [custodian@members] }', '4 of 3'],
    ['{ all: [ed@requester, custodian@others] }', 'config.invalid'],
    ['{ all: [] }', 'config.invalid'],
    ['custodian@source', 'config.invalid'],
    ['{ all: [9ed@source, custodian@members] }', 'must be <role>@source'],
    ['{ all: [ed@sources, custodian@members] }', 'must be <role>@source'],
  ])('refuses the formula %s: %s', (text, finding) => {
    const said = refusal(formulas(text));
    expect(said).toContain('config.invalid');
    expect(said).toContain(finding);
  });

  it('warns of institutions that can block', () => {
    const text = formulas('{ all: [custodian@members] }');
    expect(loadAccessPolicy({ ...files, ...text, ...legalOf('main') }, { members }).warnings).toContain(
      'main of records of harbor: blocks summit',
    );
  });

  it.each<[string, string, (text: string) => string, string]>([
    [
      'two rows for one case',
      'legal-basis/east.yaml',
      (text) => `${text}${text.slice(text.indexOf('  - id')).replace('treatment-ordinary', 'again')}`,
      'both cover',
    ],
    [
      'a row with a formula of another class',
      'legal-basis/east.yaml',
      (text) => text.replace('formula: ordinary', 'formula: sensitive'),
      'sealed under ordinary',
    ],
    ['an unknown key', 'legal-basis/east.yaml', (text) => text.replace('version: 1', 'version: 1\nextra: 2'), 'extra'],
    [
      'a row that lasts for ever',
      'legal-basis/east.yaml',
      (text) => text.replace('maxGrantDays: 30', 'maxGrantDays: 99999'),
      'config.invalid',
    ],
    [
      'a class whose formula is missing',
      'formulas/east.yaml',
      (text) => text.replace('ordinary: ordinary', 'ordinary: nowhere'),
      'nowhere',
    ],
    [
      'a policy that is no Cedar',
      'access/forbid.cedar',
      (text) => text.replace('forbid (', 'forbid ('.slice(1)),
      'config.invalid',
    ],
    [
      'a policy with a misspelt attribute',
      'access/forbid.cedar',
      (text) => text.replace('resource.level', 'resource.levle'),
      'levle',
    ],
    ['a policy without an id', 'access/forbid.cedar', (text) => text.replace('@id("forbid.service-roles")', ''), '@id'],
    ...['Permit.x', 'permit.x y', 'ab'].map((id): [string, string, (text: string) => string, string] => [
      `a policy called ${id}`,
      'access/forbid.cedar',
      (text) => text.replace('forbid.service-roles', id),
      '@id',
    ]),
    [
      'a template of a policy',
      'access/forbid.cedar',
      (text) => `${text}@id("forbid.template") forbid (principal == ?principal, action, resource);`,
      'templates are not supported',
    ],
    ['what Cedar cannot read, and says where', 'access/forbid.cedar', (text) => `${text} permit (`, 'unexpected end'],
    [
      'two policies of one id',
      'access/forbid.cedar',
      (text) => text.replace('forbid.service-roles', 'permit.emergency'),
      'two policies',
    ],
  ])('refuses %s', (_, name, change, finding) => {
    expect(refusal({ [name]: change(files[name] ?? '') })).toContain(finding);
  });

  it.each(accessPolicyFiles('east'))('refuses to do without %s', (name) => {
    const rest = Object.fromEntries(Object.entries(files).filter(([other]) => other !== name));
    expect(() => loadAccessPolicy(rest, { members })).toThrow(expect.objectContaining({ code: 'config.invalid' }));
  });

  it('hashes files and members', () => {
    const more = loadAccessPolicy(files, { members: [...members, 'valley'] });
    expect(
      new Set([policy.hash, more.hash, loadAccessPolicy(files, { members: [...members].reverse() }).hash]).size,
    ).toBe(2);
  });
});
