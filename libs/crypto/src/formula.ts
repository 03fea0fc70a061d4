/**
 * Who must authorize: a monotone tree of gates. Deterministic and without imports, so that chaincode can use it.
 * A leaf is `<role>@<institution>`; a gate needs k of its parts (k = 1: OR, k = all: AND).
 */
export type Formula = { readonly leaf: string } | { readonly k: number; readonly of: readonly Formula[] };

/** Bounds of a formula. A gate's bound keeps the coefficients below 20! a level. */
export const formulaLimits = { depth: 8, leaves: 64, gate: 20 } as const;

const LEAF = /^[a-z0-9][\w.-]{0,39}@[a-z0-9][\w.-]{0,39}$/;

/**
 * @param json `{leaf}` or `{k, of}`, nothing else in them
 * @returns a copy that can be trusted to keep the bounds
 * @throws Error naming the place, e.g. `formula at /of/1: …`
 */
export function parseFormula(json: unknown): Formula {
  return parsePart(json, '', 0, new Set());
}

function parsePart(json: unknown, path: string, depth: number, seen: Set<string>): Formula {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw refused(path, 'not a leaf or gate');
  if (depth > formulaLimits.depth) throw refused(path, `deeper than ${formulaLimits.depth}`);
  const keys = Object.keys(json).sort().join();
  if (keys === 'leaf') return parseLeaf((json as { leaf: unknown }).leaf, path, seen);
  if (keys !== 'k,of') throw refused(path, 'not a leaf or gate');
  const { k, of } = json as { k: unknown; of: unknown };
  if (!Array.isArray(of) || of.length < 1 || of.length > formulaLimits.gate)
    throw refused(path, `a gate has 1 to ${formulaLimits.gate} parts`);
  if (typeof k !== 'number' || !Number.isInteger(k) || k < 1 || k > of.length)
    throw refused(path, 'k is not 1 to the number of parts');
  return { k, of: Array.from(of, (part: unknown, i) => parsePart(part, `${path}/of/${i}`, depth + 1, seen)) };
}

function parseLeaf(leaf: unknown, path: string, seen: Set<string>): Formula {
  if (typeof leaf !== 'string' || !LEAF.test(leaf)) throw refused(path, 'a leaf is <role>@<institution>');
  if (seen.has(leaf)) throw refused(path, `the leaf ${leaf} stands twice`);
  if (seen.add(leaf).size > formulaLimits.leaves) throw refused(path, `more than ${formulaLimits.leaves} leaves`);
  return { leaf };
}

const refused = (path: string, why: string): Error => new Error(`formula at ${path || '/'}: ${why}`);

/** The one text of a formula, as RFC 8785 would write it. The order of a gate's parts belongs to the formula. */
export function canonicalFormula(formula: Formula): string {
  if ('leaf' in formula) return `{"leaf":${JSON.stringify(formula.leaf)}}`;
  return `{"k":${formula.k},"of":[${formula.of.map(canonicalFormula).join(',')}]}`;
}

/** In the order of the tree. */
export function leavesOf(formula: Formula): string[] {
  return 'leaf' in formula ? [formula.leaf] : formula.of.flatMap(leavesOf);
}

export function satisfies(formula: Formula, have: ReadonlySet<string>): boolean {
  if ('leaf' in formula) return have.has(formula.leaf);
  return formula.of.filter((part) => satisfies(part, have)).length >= formula.k;
}

interface Choice {
  readonly leaves: readonly string[];
  readonly rank: number;
}

/**
 * A smallest set of leaves that satisfies the formula; among equally small ones that whose leaves come first in `have`.
 * @returns the leaves in the order of the tree, or null if there is none
 */
export function authorizedSubset(formula: Formula, have: ReadonlySet<string>): string[] | null {
  const ranks = new Map([...have].map((leaf, rank) => [leaf, rank]));
  const chosen = choose(formula, ranks);
  return chosen && [...chosen.leaves];
}

// leaves are unique, so the best k parts of a gate are each the best by itself
function choose(formula: Formula, ranks: ReadonlyMap<string, number>): Choice | null {
  if ('leaf' in formula) {
    const rank = ranks.get(formula.leaf);
    return rank === undefined ? null : { leaves: [formula.leaf], rank };
  }
  const met = formula.of
    .map((part, position) => ({ position, choice: choose(part, ranks) }))
    .filter((part): part is { position: number; choice: Choice } => part.choice !== null)
    .sort((a, b) => a.choice.leaves.length - b.choice.leaves.length || a.choice.rank - b.choice.rank)
    .slice(0, formula.k)
    .sort((a, b) => a.position - b.position);
  if (met.length < formula.k) return null;
  return {
    leaves: met.flatMap(({ choice }) => choice.leaves),
    rank: met.reduce((sum, { choice }) => sum + choice.rank, 0),
  };
}

const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b));
const lcm = (a: bigint, b: bigint): bigint => (a / gcd(a, b)) * b;
const factorial = (n: number): bigint => (n < 2 ? 1n : BigInt(n) * factorial(n - 1));

/** Δ: the smallest common multiplier known here that makes all Lagrange coefficients of a formula integers. */
export function delta(formula: Formula): bigint {
  if ('leaf' in formula) return 1n;
  const { k, of } = formula;
  // all of n points give signed binomials, one point gives 1
  const own = k === 1 || k === of.length ? 1n : factorial(of.length);
  return own * of.map(delta).reduce(lcm, 1n);
}

/**
 * Integers c with Σ c(leaf)·share(leaf) = Δ·root, for shares dealt at each gate by a polynomial of degree k−1 whose value
 * at 0 is the gate's and at i is that of its i-th part (from 1).
 * @returns the coefficients of a smallest authorized subset, or null if there is none
 */
export function coefficients(formula: Formula, have: ReadonlySet<string>): Map<string, bigint> | null {
  const chosen = authorizedSubset(formula, have);
  return chosen && weigh(formula, new Set(chosen));
}

function weigh(formula: Formula, chosen: ReadonlySet<string>): Map<string, bigint> {
  if ('leaf' in formula) return new Map([[formula.leaf, 1n]]);
  const used = formula.of
    .map((part, i) => ({ part, x: BigInt(i + 1) }))
    .filter(({ part }) => satisfies(part, chosen))
    .slice(0, formula.k);
  const whole = delta(formula);
  const weights = new Map<string, bigint>();
  for (const { part, x } of used) {
    let numerator = whole / delta(part);
    let denominator = 1n;
    for (const other of used) {
      if (other.x === x) continue;
      numerator *= other.x;
      denominator *= other.x - x;
    }
    if (numerator % denominator !== 0n) throw new Error('a coefficient is not an integer');
    for (const [leaf, weight] of weigh(part, chosen)) weights.set(leaf, weight * (numerator / denominator));
  }
  return weights;
}
