import fc from 'fast-check';
import { byServices, isServiceLeaf, servicesFill, withPeople } from './fill-rule.js';
import { leavesOf, parseFormula, satisfies, type Formula } from './formula.js';

const leaf = (name: string): Formula => ({ leaf: name });
const custodians: Formula = { k: 2, of: ['a', 'b', 'c'].map((at) => leaf(`custodian@${at}`)) };
const people: Formula = {
  k: 2,
  of: [
    { k: 1, of: [leaf('privacy-officer@a'), leaf('attending@a')] },
    { k: 1, of: [leaf('witness@b'), leaf('witness@c')] },
  ],
};
const either: Formula = { k: 1, of: [custodians, people] };

/** Any formula over distinct leaves of services and people. */
const formulas: fc.Arbitrary<Formula> = fc
  .letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('custodian', 'witness', 'attending', 'ed'),
      fc.record({
        share: fc.double({ min: 0, max: 0.99, noNaN: true }),
        of: fc.array(tie('tree'), { minLength: 1, maxLength: 4 }),
      }),
    ),
  }))
  .tree.map((tree) => {
    let next = 0;
    const build = (part: unknown): Formula => {
      if (typeof part === 'string') return leaf(`${part}@i${(next += 1)}`);
      const { share, of } = part as { share: number; of: unknown[] };
      return { k: 1 + Math.floor(share * of.length), of: of.map(build) };
    };
    return build(tree);
  })
  .filter((formula) => leavesOf(formula).length <= 10);

const subsets = (of: readonly string[]): Set<string>[] =>
  Array.from({ length: 2 ** of.length }, (_, bits) => new Set(of.filter((_leaf, at) => (bits >> at) & 1)));

describe('who fills a formula', () => {
  it('people, where they must: the alternative of services falls away', () => {
    expect(withPeople(either)).toEqual({ k: 1, of: [people] });
    expect(withPeople(people)).toEqual(people);
    expect(withPeople(custodians)).toBeNull();
    expect(withPeople({ k: 1, of: [custodians, leaf('custodian@d')] })).toBeNull();
  });

  it('services, where nobody must approve: only their own alternative', () => {
    expect(byServices(either)).toEqual({ k: 1, of: [custodians] });
    expect(byServices(people)).toEqual(people);
  });

  it('no set of services ever fills what needs people, and what does fill it opens', () => {
    fc.assert(
      fc.property(formulas, (formula) => {
        const rest = withPeople(formula);
        for (const set of subsets(leavesOf(parseFormula(formula)))) {
          const filled = rest !== null && satisfies(rest, set);
          if (filled && !satisfies(formula, set)) return false;
          if (filled && [...set].every(isServiceLeaf)) return false;
        }
        return true;
      }),
    );
  });

  it('services fill their own alternatives without people exactly when the formula has some', () => {
    fc.assert(
      fc.property(formulas, (formula) => {
        const set = new Set(leavesOf(byServices(formula)).filter(isServiceLeaf));
        return satisfies(formula, set) === servicesFill(formula);
      }),
    );
  });
});
