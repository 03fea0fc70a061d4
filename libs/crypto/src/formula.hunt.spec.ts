import { toBase64url, toHex } from './bytes.js';
import {
  deal,
  openCapsules,
  sealCapsule,
  suite,
  unboxFragments,
  boxFragments,
  type Formula,
  type SuiteName,
} from './index.js';
import { coefficients, delta, leavesOf, satisfies } from './formula.js';

/**
 * For every set of leaves of many random formulas: `satisfies`, the integer recombination and linear algebra over the
 * group's order must say the same. Shares are dealt here by themselves, not by the code under test. Chaincode and policy
 * decide with the same `satisfies`. 200 formulas in the project `hunts`, 60 in every run of the tests.
 */
const order = suite('intl').curve.order;
const mod = (v: bigint) => ((v % order) + order) % order;

/** mulberry32 */
const generator = (seed: number) => {
  let state = seed >>> 0;
  return (below: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
};
type Rand = ReturnType<typeof generator>;

function randomFormula(rand: Rand, leaves: number): Formula {
  let next = 0;
  const grow = (budget: number, depth: number): Formula => {
    if (budget === 1 && (depth > 0 || rand(4) > 0)) return { leaf: `r${next++}@i${rand(3)}` };
    const parts = Array<number>(Math.min(budget, depth > 3 ? budget : 1 + rand(4))).fill(1);
    for (let i = parts.length; i < budget; i++) parts[rand(parts.length)]! += 1;
    const of = parts.map((part) => (depth > 3 ? { leaf: `r${next++}@i${rand(3)}` } : grow(part, depth + 1)));
    return { k: 1 + rand(of.length), of };
  };
  return grow(leaves, 0);
}

/** Rows of the linear map (root, random coefficients) → shares: one row a leaf, the root is column 0. */
function matrixOf(formula: Formula): Map<string, bigint[]> {
  const rows = new Map<string, Map<number, bigint>>();
  let columns = 1;
  const down = (part: Formula, row: Map<number, bigint>): void => {
    if ('leaf' in part) return void rows.set(part.leaf, row);
    const first = columns;
    columns += part.k - 1;
    part.of.forEach((child, i) => {
      const entries = Array.from(
        { length: part.k - 1 },
        (_, j) => [first + j, BigInt(i + 1) ** BigInt(j + 1)] as const,
      );
      down(child, new Map([...row, ...entries]));
    });
  };
  down(formula, new Map([[0, 1n]]));
  return new Map([...rows].map(([leaf, row]) => [leaf, Array.from({ length: columns }, (_, c) => row.get(c) ?? 0n)]));
}

/** Whether (1, 0, 0 …) is in the span of the rows: exactly then they determine the root. */
function determinesRoot(given: readonly (readonly bigint[])[]): boolean {
  const rows = given.map((row) => [...row]);
  let rank = 0;
  for (let column = 1; column < (rows[0]?.length ?? 0) && rank < rows.length; column++) {
    const found = rows.findIndex((row, i) => i >= rank && row[column] !== 0n);
    if (found < 0) continue;
    [rows[rank], rows[found]] = [rows[found]!, rows[rank]!];
    const pivot = rows[rank]!;
    for (let i = rank + 1; i < rows.length; i++) {
      const factor = rows[i]![column]!;
      if (factor !== 0n) rows[i] = rows[i]!.map((v, c) => mod(v * pivot[column]! - pivot[c]! * factor));
    }
    rank++;
  }
  return rows.slice(rank).some((row) => row[0] !== 0n);
}

interface UnderTest {
  satisfies: typeof satisfies;
  coefficients: typeof coefficients;
}

/** @returns what disagrees, in words */
function hunt(formula: Formula, rand: Rand, { satisfies, coefficients }: UnderTest): string[] {
  const leaves = leavesOf(formula);
  const matrix = matrixOf(formula);
  const unknowns = [...matrix.values()][0]!.map(() => BigInt(1 + rand(2 ** 31)) ** 7n);
  const shares = new Map(
    [...matrix].map(([leaf, row]) => [leaf, mod(row.reduce((sum, v, c) => sum + v * unknowns[c]!, 0n))]),
  );
  const root = mod(delta(formula) * unknowns[0]!);
  const found: string[] = [];
  for (let mask = 0; mask < 1 << leaves.length; mask++) {
    const set = leaves.filter((_, i) => (mask >> i) & 1);
    const have = new Set(set);
    const by = coefficients(formula, have);
    const claims = [satisfies(formula, have), by !== null, determinesRoot(set.map((leaf) => matrix.get(leaf)!))];
    if (new Set(claims).size > 1) found.push(`${set.join()}: satisfied, recombined, determined = ${claims.join()}`);
    if (!by) continue;
    if ([...by.keys()].some((leaf) => !have.has(leaf))) found.push(`${set.join()}: a leaf it has not`);
    if (mod([...by].reduce((sum, [leaf, k]) => sum + k * shares.get(leaf)!, 0n)) !== root)
      found.push(`${set.join()}: another root`);
  }
  return found;
}

const count = wholeHunts ? 200 : 60;
const formulas = Array.from({ length: count }, (_, seed) => {
  const rand = generator(seed + 1);
  return { seed, rand, formula: randomFormula(rand, 1 + rand(10)) };
});
const real = { satisfies, coefficients };

describe('random formulas, every set of their leaves', () => {
  it('are enough of each kind', () => {
    const sizes = formulas.map(({ formula }) => leavesOf(formula).length);
    const gates = JSON.stringify(formulas.map(({ formula }) => formula));
    expect(Math.max(...sizes)).toBe(10);
    expect(gates.match(/"k":[2-9]/g)!.length).toBeGreaterThan(count / 2);
    expect(formulas.filter(({ formula }) => delta(formula) > 1n).length).toBeGreaterThan(count * 0.3);
  });

  it('are satisfied exactly when the shares recombine and determine the root', () => {
    for (const { seed, rand, formula } of formulas) expect([seed, hunt(formula, rand, real)]).toEqual([seed, []]);
  });

  it('finds a planted wrong coefficient', () => {
    const wrong: typeof coefficients = (formula, have) => {
      const by = coefficients(formula, have);
      const [first] = by ?? [];
      if (by && first && by.size > 2) by.set(first[0], first[1] + 1n);
      return by;
    };
    const caught = formulas.filter(
      ({ rand, formula }) => hunt(formula, rand, { ...real, coefficients: wrong }).length > 0,
    );
    const planted = formulas.filter(({ formula }) => coefficients(formula, new Set(leavesOf(formula)))!.size > 2);
    expect(caught.length).toBeGreaterThanOrEqual(planted.length);
    expect(planted.length).toBeGreaterThan(count / 4);
  });

  it('finds a gate that counts one too few', () => {
    const lax: typeof satisfies = (formula, have) =>
      'leaf' in formula
        ? have.has(formula.leaf)
        : formula.of.filter((part) => lax(part, have)).length >= Math.max(1, formula.k - 1);
    const caught = formulas.filter(({ rand, formula }) => hunt(formula, rand, { ...real, satisfies: lax }).length > 0);
    expect(caught.length).toBeGreaterThan(count / 4);
  });
});

const counts: [SuiteName, number][] = [
  ['intl', count],
  ['sm', wholeHunts ? 12 : 6],
];
describe.each(counts)('with all cryptography on %s', (name, count) => {
  const used = suite(name);

  it(`five random sets of each of ${count} formulas open exactly when they satisfy`, () => {
    const reader = used.generateKeyPair();
    const seen = { opened: 0, refused: 0 };
    for (const { rand, formula } of formulas.slice(0, count)) {
      const dealt = deal(used, formula, { region: 'r', institution: 'i', episode: 'e', class: 'c', epoch: 0 });
      const { capsule, key } = sealCapsule(used, dealt.deal, 's');
      const context = {
        grant: 'g',
        deal: dealt.deal.id,
        reader: toBase64url(reader.publicKey),
        purpose: 'TREAT',
        expiresAt: 1,
      };
      const fragments = leavesOf(formula).map((leaf) => {
        const boxed = boxFragments(used, dealt.deal, leaf, dealt.shares.get(leaf)!, context, [capsule]);
        return unboxFragments(used, dealt.deal, reader.privateKey, context, [capsule], boxed);
      });
      for (let i = 0; i < 5; i++) {
        const some = fragments.filter(() => rand(3) > 0);
        const open = () => openCapsules(used, dealt.deal, [capsule], some).map(toHex);
        if (satisfies(formula, new Set(some.map(({ leaf }) => leaf)))) {
          expect(open()).toEqual([toHex(key)]);
          seen.opened++;
        } else {
          expect(open).toThrow('not met');
          seen.refused++;
        }
      }
    }
    expect(Math.min(seen.opened, seen.refused)).toBeGreaterThan(count / 2);
  }, 90_000);
});
