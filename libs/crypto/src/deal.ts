import { fromBase64url, toBase64url } from './bytes.js';
import type { Curve, Point } from './curve.js';
import { documentHash } from './document.js';
import { delta, isLeaf, leavesOf, parseFormula, type Formula } from './formula.js';
import type { Suite, SuiteName } from './suite.js';

/** What a delegating key is for; opaque ids. */
export interface DealScope {
  region: string;
  institution: string;
  episode: string;
  class: string;
  epoch: number;
}

/**
 * The public part of a shared delegating key: Feldman commitments to the polynomial of every gate and to every leaf.
 * Points are compressed, base64url. `key` = Δ·root: sealing to it keeps the Lagrange coefficients small integers.
 */
export interface Deal {
  version: 1;
  suite: SuiteName;
  formula: Formula;
  about: DealScope;
  root: string;
  /** Gate id (`g0`, `g1` … in the order of the tree) → commitments to its coefficients above the constant one. */
  gates: Record<string, string[]>;
  leaves: Record<string, string>;
  key: string;
  id: string;
}

/** Shares by leaf, 32 bytes each. Secret: sent to their holders, then erased. */
export type Shares = Map<string, Uint8Array>;

const idOf = (suite: Suite, { id: _, ...content }: Deal): string => documentHash(suite, 'deal', 1, content);

/** Deals a fresh random key down the formula. */
export function deal(suite: Suite, formula: Formula, about: DealScope): { deal: Deal; shares: Shares } {
  const { curve } = suite;
  const checked = parseFormula(formula);
  const root = curve.randomScalar();
  const shares: Shares = new Map();
  const gates: Record<string, string[]> = {};
  const leaves: Record<string, string> = {};
  const encode = (k: bigint): string => toBase64url(curve.encode(curve.base(k)));
  const down = (node: Formula, value: bigint): void => {
    if (isLeaf(node)) {
      shares.set(node.leaf, curve.encodeScalar(value));
      leaves[node.leaf] = encode(value);
      return;
    }
    const polynomial = [value, ...Array.from({ length: node.k - 1 }, () => curve.randomScalar())];
    gates[`g${Object.keys(gates).length}`] = polynomial.slice(1).map(encode);
    node.of.forEach((child, i) => down(child, nonZero(evaluate(curve, polynomial, BigInt(i + 1)))));
  };
  down(checked, root);
  const content = {
    version: 1 as const,
    suite: suite.name,
    formula: checked,
    about,
    root: encode(root),
    gates,
    leaves,
    key: encode(curve.mod(root * delta(checked))),
  };
  return { deal: { ...content, id: idOf(suite, { ...content, id: '' }) }, shares };
}

const evaluate = (curve: Curve, polynomial: readonly bigint[], x: bigint): bigint =>
  polynomial.reduceRight((sum, coefficient) => curve.mod(sum * x + coefficient), 0n);

function nonZero(value: bigint): bigint {
  if (value === 0n) throw new Error('a share is zero: deal again');
  return value;
}

/**
 * Recomputes every leaf's commitment from its gates' polynomials: then any authorized set recombines to the key.
 * @throws Error naming what does not fit
 */
export function checkDeal(suite: Suite, given: Deal): void {
  const { curve } = suite;
  if (given.suite !== suite.name) throw new Error('deal: suite');
  if (given.id !== idOf(suite, given)) throw new Error('deal: id');
  const formula = parseFormula(given.formula);
  const root = pointOf(suite, given.root);
  let gates = 0;
  const down = (node: Formula, commitment: Point): void => {
    if (isLeaf(node)) {
      const leaf = given.leaves[node.leaf];
      if (leaf === undefined || !pointOf(suite, leaf).equals(commitment)) throw new Error(`deal: leaf ${node.leaf}`);
      return;
    }
    const upper = given.gates[`g${gates++}`];
    if (upper?.length !== node.k - 1) throw new Error('deal: degree of a gate');
    const polynomial = [commitment, ...upper.map((point) => pointOf(suite, point))];
    node.of.forEach((child, i) => down(child, evaluateCommitments(curve, polynomial, BigInt(i + 1))));
  };
  down(formula, root);
  if (Object.keys(given.gates).length !== gates) throw new Error('deal: gates');
  if (Object.keys(given.leaves).length !== leavesOf(formula).length) throw new Error('deal: leaves');
  if (!curve.small(delta(formula), root).equals(pointOf(suite, given.key))) throw new Error('deal: key');
}

const evaluateCommitments = (curve: Curve, polynomial: readonly Point[], x: bigint): Point =>
  polynomial.reduceRight((sum, commitment) => curve.small(x, sum).add(commitment), curve.zero);

export const pointOf = (suite: Suite, encoded: string): Point => suite.curve.decode(fromBase64url(encoded));

/** The holder's check of what the dealer sent. @throws Error */
export function acceptShare(suite: Suite, given: Deal, leaf: string, share: Uint8Array): void {
  const commitment = given.leaves[leaf];
  const { curve } = suite;
  if (commitment === undefined || !curve.base(curve.decodeScalar(share)).equals(pointOf(suite, commitment)))
    throw new Error(`share: not the one committed for ${leaf}`);
}
