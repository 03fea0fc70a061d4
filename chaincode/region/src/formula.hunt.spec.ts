import { coefficients, leavesOf, parseFormula, type Formula } from '@medshare/crypto/formula';
import { isFilled, leavesOfFormula } from './formula.js';

/** Park and Miller's generator: the same formulas on every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

function randomFormula(random: (below: number) => number, leaves: number): Formula {
  let next = 0;
  const grow = (budget: number, depth: number): Formula => {
    if (budget === 1 || depth > 3) return { leaf: `role-${(next += 1)}@harbor` };
    const parts = Array.from({ length: Math.min(budget, 2 + random(3)) }, () => 1);
    for (let left = budget - parts.length; left > 0; left -= 1) parts[random(parts.length)]! += 1;
    const of = parts.map((part) => grow(part, depth + 1));
    return { k: 1 + random(of.length), of };
  };
  return parseFormula(grow(leaves, 0));
}

const subsets = (leaves: readonly string[]): string[][] =>
  Array.from({ length: 2 ** leaves.length }, (_, bits) => leaves.filter((_leaf, i) => (bits >> i) & 1));

/** How often the chain's answer and the shares' algebra differ over every set of leaves of 200 formulas. */
function disagreements(onChain: (formula: Formula, leaves: readonly string[]) => boolean): [number, number] {
  const random = seeded(20_261_121);
  let [sets, differ] = [0, 0];
  for (let i = 0; i < 200; i += 1) {
    const formula = randomFormula(random, 1 + random(9));
    for (const set of subsets(leavesOf(formula))) {
      sets += 1;
      if (onChain(formula, set) !== (coefficients(formula, new Set(set)) !== null)) differ += 1;
    }
  }
  return [sets, differ];
}

describe('the chain and the mathematics of shares', () => {
  it('agree on every set of leaves of 200 random formulas', () => {
    const [sets, differ] = disagreements((formula, leaves) => isFilled({ formula }, leaves));
    expect(sets).toBeGreaterThan(5000);
    expect(differ).toBe(0);
  });

  it('would be found to differ: a chain that counts leaves instead of walking the tree', () => {
    const counting = (formula: Formula, leaves: readonly string[]): boolean =>
      'leaf' in formula ? leaves.length === 1 : leaves.length >= formula.k;
    expect(disagreements(counting)[1]).toBeGreaterThan(0);
  });
});

describe('a formula on the chain', () => {
  it('has no part that is open where people must approve and none can', () => {
    const services = { k: 2, of: [{ leaf: 'custodian@harbor' }, { leaf: 'custodian@summit' }] };
    expect(isFilled({ formula: services }, leavesOf(services))).toBe(true);
    expect(isFilled({ formula: services, approval: 'required' }, leavesOf(services))).toBe(false);
  });

  it.each(['9role@harbor', 'role@Harbor', 'ro_le@harbor', `${'r'.repeat(41)}@harbor`])('has no leaf %s', (leaf) => {
    expect(() => leavesOfFormula({ leaf })).toThrow(expect.objectContaining({ code: 'ledger.refused' }));
    expect(leavesOfFormula({ leaf: 'role-9@harbor' })).toEqual(['role-9@harbor']);
  });
});
