import {
  authorizedSubset,
  canonicalFormula,
  coefficients,
  delta,
  leavesOf,
  parseFormula,
  satisfies,
  type Formula,
} from './formula.js';
import { lintFormula } from './lint-formula.js';

const leaf = (name: string): Formula => ({ leaf: name });
const gate = (k: number, ...of: Formula[]): Formula => ({ k, of });
const chain = (depth: number): unknown => (depth === 0 ? leaf('a@x') : { k: 1, of: [chain(depth - 1)] });
const many = (count: number) => Array.from({ length: count }, (_, i) => leaf(`r${i}@x`));

describe('parseFormula', () => {
  const good: [string, unknown][] = [
    ['a leaf', { leaf: 'custodian@harbor' }],
    ['a gate', { k: 2, of: [{ leaf: 'a@x' }, { leaf: 'b@x' }] }],
    ['a gate whose parts come before its number', { of: [{ leaf: 'a@x' }], k: 1 }],
    ['8 levels', chain(8)],
    ['20 parts', { k: 20, of: many(20) }],
    ['64 leaves', { k: 1, of: [0, 1, 2, 3].map((i) => ({ k: 16, of: many(64).slice(16 * i, 16 * i + 16) })) }],
  ];
  it.each(good)('takes %s', (_, json) => {
    expect(parseFormula(json)).toEqual(json);
  });

  const wrong: [string, unknown, RegExp][] = [
    ['null', null, /formula at \/: not/],
    ['text', 'a@x', /not a leaf or gate/],
    ['a list', [leaf('a@x')], /not a leaf or gate/],
    ['more members', { leaf: 'a@x', k: 1 }, /not a leaf or gate/],
    ['a gate with more', { k: 1, of: [leaf('a@x')], id: 1 }, /not a leaf or gate/],
    ['no institution', leaf('a'), /<role>@<institution>/],
    ['two at signs', leaf('a@b@c'), /<role>@<institution>/],
    ['a blank', leaf('a b@c'), /<role>@<institution>/],
    ['a line end', leaf('a@c\n'), /<role>@<institution>/],
    ['a long role', leaf(`${'a'.repeat(41)}@x`), /<role>@<institution>/],
    [
      'a leaf twice',
      gate(1, leaf('a@x'), gate(2, leaf('b@x'), leaf('a@x'))),
      /formula at \/of\/1\/of\/1: the leaf a@x stands twice/,
    ],
    ['k of 0', gate(0, leaf('a@x')), /k is not/],
    ['k above', gate(3, leaf('a@x'), leaf('b@x')), /k is not/],
    ['k of 1.5', gate(1.5, leaf('a@x'), leaf('b@x')), /k is not/],
    ['k NaN', gate(Number.NaN, leaf('a@x')), /k is not/],
    ['k as text', { k: '1', of: [leaf('a@x')] }, /k is not/],
    ['no parts', gate(1), /1 to 20 parts/],
    ['21 parts', gate(1, ...many(21)), /1 to 20 parts/],
    ['9 levels', chain(9), /deeper than 8/],
    [
      '65 leaves',
      gate(1, ...[0, 1, 2, 3, 4].map((i) => gate(1, ...many(65).slice(13 * i, 13 * i + 13)))),
      /more than 64 leaves/,
    ],
  ];
  it.each(wrong)('refuses %s', (_, json, message) => {
    expect(() => parseFormula(json)).toThrow(message);
  });
});

describe('a formula', () => {
  const formula = gate(
    1,
    gate(2, leaf('p@h'), gate(2, leaf('a@x'), leaf('o@x'), leaf('c@y'))),
    gate(2, leaf('e@x'), leaf('e@y')),
  );

  it('has one text, that of canonical JSON', () => {
    expect(canonicalFormula(gate(2, leaf('a@x'), leaf('b@x')))).toBe('{"k":2,"of":[{"leaf":"a@x"},{"leaf":"b@x"}]}');
    expect(canonicalFormula(formula)).toBe(JSON.stringify(formula));
  });

  it('has its leaves in order', () => {
    expect(leavesOf(formula)).toEqual(['p@h', 'a@x', 'o@x', 'c@y', 'e@x', 'e@y']);
  });

  it('chooses the fewest leaves, and those that come first among equals', () => {
    expect(authorizedSubset(formula, new Set(['p@h', 'a@x', 'c@y', 'e@y', 'e@x']))).toEqual(['e@x', 'e@y']);
    expect(authorizedSubset(formula, new Set(['o@x', 'c@y', 'a@x', 'p@h']))).toEqual(['p@h', 'o@x', 'c@y']);
    expect(authorizedSubset(formula, new Set(['a@x', 'c@y', 'o@x', 'p@h']))).toEqual(['p@h', 'a@x', 'c@y']);
    expect(authorizedSubset(formula, new Set(['a@x', 'c@y', 'o@x', 'e@x']))).toBeNull();
    expect(satisfies(formula, new Set(['a@x', 'c@y', 'o@x', 'e@x']))).toBe(false);
  });

  it('counts how early all leaves of a part come, not one of them', () => {
    const choice = gate(1, gate(2, leaf('a@x'), leaf('a@y')), gate(2, leaf('b@x'), leaf('b@y')));
    expect(authorizedSubset(choice, new Set(['a@x', 'b@x', 'b@y', 'a@y']))).toEqual(['a@x', 'a@y']);
    expect(authorizedSubset(choice, new Set(['a@x', 'b@x', 'b@y', 'c@x', 'a@y']))).toEqual(['b@x', 'b@y']);
    expect(authorizedSubset(choice, new Set(['b@x', 'a@y', 'a@x', 'c@x', 'b@y']))).toEqual(['a@x', 'a@y']);
  });

  it('has for Δ the least common multiple of its parts', () => {
    const of = (name: string, parts: number) =>
      gate(2, ...Array.from({ length: parts }, (_, i) => leaf(`${name}@h${i}`)));
    expect(delta(gate(1, of('a', 3), of('b', 4)))).toBe(24n);
    expect(delta(gate(1, of('a', 4), of('b', 3)))).toBe(24n);
    expect(delta(gate(2, of('a', 3), of('b', 3), of('c', 3)))).toBe(36n);
  });

  it('has binomials for AND, 1 for OR, and Δ = n! for k of n', () => {
    const and = gate(3, leaf('a@x'), leaf('b@x'), leaf('c@x'));
    const all = new Set(['a@x', 'b@x', 'c@x']);
    expect(delta(and)).toBe(1n);
    expect([...coefficients(and, all)!.values()]).toEqual([3n, -3n, 1n]);
    expect([...coefficients(gate(1, leaf('a@x'), leaf('b@x')), all)!.values()]).toEqual([1n]);
    const some = gate(2, leaf('a@x'), leaf('b@x'), leaf('c@x'));
    expect(delta(some)).toBe(6n);
    expect([...coefficients(some, new Set(['a@x', 'c@x']))!.values()]).toEqual([9n, -3n]);
    expect(coefficients(some, new Set(['a@x']))).toBeNull();
  });
});

describe('lintFormula', () => {
  const members = ['x', 'y', 'z'];
  const rules = (formula: Formula, institutions = members) =>
    lintFormula(formula, institutions).map(
      ({ severity, rule, about, position }) => `${severity} ${rule} ${about} ${position}`,
    );

  it('finds nothing in a formula of two institutions out of three', () => {
    expect(rules(gate(2, leaf('e@x'), leaf('e@y'), leaf('e@z')))).toEqual([]);
  });

  it('names a leaf under a root OR, and whoever opens by it', () => {
    const found = rules(gate(1, leaf('c@x'), gate(2, leaf('e@y'), leaf('e@z'))));
    expect(found).toContain('error leaf-under-or c@x /of/0');
    expect(found).toContain('error branch-alone x /of/0');
    expect(found).toContain('error fills-alone x /');
  });

  it('sees through gates of one part', () => {
    expect(rules(gate(1, gate(1, leaf('c@x')), gate(2, leaf('e@y'), leaf('e@z'))))).toContain(
      'error leaf-under-or c@x /of/0/of/0',
    );
  });

  it('names an institution that opens by several of its own leaves', () => {
    const found = rules(gate(1, gate(2, leaf('a@x'), leaf('o@x')), gate(2, leaf('e@y'), leaf('e@z'))));
    expect(found).toContain('error branch-alone x /of/0');
    expect(found).toContain('error fills-alone x /');
    expect(found).not.toContain('error leaf-under-or a@x /of/0/of/0');
  });

  it('calls the only part of a root no alternative', () => {
    const found = rules(gate(1, gate(2, leaf('a@x'), leaf('o@x'))));
    expect(found).toEqual(['error fills-alone x /', 'warning blocks x /']);
  });

  it('names who blocks', () => {
    expect(rules(gate(2, leaf('a@x'), gate(1, leaf('e@y'), leaf('e@z'))))).toEqual(['warning blocks x /']);
  });

  it('names strangers, and says when members cannot fill it', () => {
    const found = rules(gate(2, leaf('a@x'), leaf('a@elsewhere')));
    expect(found).toEqual(['warning unknown-institution a@elsewhere /of/1', 'error unfillable members /']);
  });

  it('names a leaf that stands twice', () => {
    expect(rules(gate(2, leaf('a@x'), gate(1, leaf('e@y'), leaf('a@x'))))).toContain('error leaf-twice a@x /of/1/of/1');
  });
});
