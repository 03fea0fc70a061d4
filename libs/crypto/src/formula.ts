/** Who must authorize: a place, or k of several. AND is n of n, OR is 1 of n. The order of `of` gives the Shamir coordinates. */
export interface Leaf {
  readonly leaf: string;
}
export interface Gate {
  readonly k: number;
  readonly of: readonly Formula[];
}
export type Formula = Leaf | Gate;

export const formulaLimits = { depth: 8, leaves: 64, gate: 20 } as const;
const leafPattern = /^[a-z0-9][\w.-]{0,39}@[a-z0-9][\w.-]{0,39}$/;

/** @throws Error naming the place for what is not a formula: shape, bounds, a leaf twice */
export function parseFormula(value: unknown): Formula {
  const seen = new Set<string>();
  const formula = parseAt(value, '$', 0, seen);
  if (seen.size > formulaLimits.leaves) throw new Error(`$: more than ${formulaLimits.leaves} leaves`);
  return formula;
}

function parseAt(value: unknown, path: string, depth: number, seen: Set<string>): Formula {
  if (depth > formulaLimits.depth) throw new Error(`${path}: deeper than ${formulaLimits.depth}`);
  if (typeof value !== 'object' || value === null) throw new Error(`${path}: not a formula`);
  const keys = Object.keys(value).sort().join();
  const { leaf, k, of } = value as { leaf?: unknown; k?: unknown; of?: unknown };
  if (keys === 'leaf') return parseLeaf(leaf, path, seen);
  if (keys !== 'k,of' || !Array.isArray(of)) throw new Error(`${path}: not a formula`);
  if (of.length < 1 || of.length > formulaLimits.gate) throw new Error(`${path}: 1 to ${formulaLimits.gate} branches`);
  if (!Number.isInteger(k) || (k as number) < 1 || (k as number) > of.length) throw new Error(`${path}.k: 1 to ${of.length}`);
  return { k: k as number, of: of.map((child, i) => parseAt(child, `${path}.of[${i}]`, depth + 1, seen)) };
}

function parseLeaf(leaf: unknown, path: string, seen: Set<string>): Formula {
  if (typeof leaf !== 'string' || !leafPattern.test(leaf)) throw new Error(`${path}.leaf: must be role@institution`);
  if (seen.has(leaf)) throw new Error(`${path}.leaf: ${leaf} stands twice`);
  seen.add(leaf);
  return { leaf };
}

export const isLeaf = (formula: Formula): formula is Leaf => 'leaf' in formula;

/** Leaves in the order of the tree. */
export const leavesOf = (formula: Formula): string[] => (isLeaf(formula) ? [formula.leaf] : formula.of.flatMap(leavesOf));

export const satisfies = (formula: Formula, have: ReadonlySet<string>): boolean =>
  isLeaf(formula) ? have.has(formula.leaf) : formula.of.filter((child) => satisfies(child, have)).length >= formula.k;

/** A minimal set of held leaves that satisfies the formula, preferring few leaves; null when there is none. */
export function authorizedSubset(formula: Formula, have: ReadonlySet<string>): string[] | null {
  if (isLeaf(formula)) return have.has(formula.leaf) ? [formula.leaf] : null;
  const found = formula.of.map((child) => authorizedSubset(child, have)).filter((set) => set !== null);
  if (found.length < formula.k) return null;
  return found
    .sort((a, b) => a.length - b.length)
    .slice(0, formula.k)
    .flat();
}

const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b));
const lcm = (a: bigint, b: bigint): bigint => (a / gcd(a, b)) * b;
const factorial = (n: number): bigint => (n < 2 ? 1n : BigInt(n) * factorial(n - 1));

/** Δ: Lagrange coefficients times Δ are integers. A gate that is AND or OR needs none, k of n needs n!. */
export function delta(formula: Formula): bigint {
  if (isLeaf(formula)) return 1n;
  const own = formula.k === 1 || formula.k === formula.of.length ? 1n : factorial(formula.of.length);
  return own * formula.of.map(delta).reduce(lcm, 1n);
}

/** Integers c with Σ c·share = Δ·root over the leaves held; null when the formula is not met. */
export function coefficients(formula: Formula, have: ReadonlySet<string>): Map<string, bigint> | null {
  if (isLeaf(formula)) return have.has(formula.leaf) ? new Map([[formula.leaf, 1n]]) : null;
  const met = formula.of
    .map((child, i) => ({ x: BigInt(i + 1), child, part: coefficients(child, have) }))
    .filter((branch): branch is typeof branch & { part: Map<string, bigint> } => branch.part !== null)
    .sort((a, b) => a.part.size - b.part.size)
    .slice(0, formula.k);
  if (met.length < formula.k) return null;
  const scale = delta(formula);
  const out = new Map<string, bigint>();
  for (const { x, child, part } of met) {
    let [numerator, denominator] = [scale / delta(child), 1n];
    for (const other of met) {
      if (other.x === x) continue;
      numerator *= other.x;
      denominator *= other.x - x;
    }
    if (numerator % denominator !== 0n) throw new Error('Δ does not clear the denominators');
    for (const [leaf, value] of part) out.set(leaf, value * (numerator / denominator));
  }
  return out;
}

export interface FormulaFinding {
  severity: 'error' | 'warning';
  kind: 'fills-alone' | 'leaf-under-or' | 'blocks' | 'unknown-institution';
  /** Institution or leaf. */
  subject: string;
}

/** Names every single institution that can open alone or block, and every leaf that is the root secret by itself. */
export function lintFormula(formula: Formula, institutions: readonly string[]): FormulaFinding[] {
  const all = leavesOf(formula);
  const of = (institution: string) => all.filter((leaf) => leaf.endsWith(`@${institution}`));
  const finding = (severity: 'error' | 'warning', kind: FormulaFinding['kind'], subject: string) => ({ severity, kind, subject });
  const strangers = all.filter((leaf) => !institutions.includes(leaf.slice(leaf.indexOf('@') + 1)));
  return [
    ...leavesUnderRootOr(formula).map((leaf) => finding('error', 'leaf-under-or', leaf)),
    ...institutions.filter((id) => satisfies(formula, new Set(of(id)))).map((id) => finding('error', 'fills-alone', id)),
    ...strangers.map((leaf) => finding('error', 'unknown-institution', leaf)),
    ...institutions
      .filter((id) => !satisfies(formula, new Set(all.filter((leaf) => !of(id).includes(leaf)))))
      .map((id) => finding('warning', 'blocks', id)),
  ];
}

/** A leaf reached from the root through ORs only holds the whole secret. */
const leavesUnderRootOr = (formula: Formula): string[] =>
  isLeaf(formula) ? [formula.leaf] : formula.k === 1 ? formula.of.flatMap(leavesUnderRootOr) : [];
