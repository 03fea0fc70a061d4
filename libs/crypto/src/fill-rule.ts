import { leavesOf, satisfies, type Formula } from './formula.js';

/**
 * Who fills a formula: the custodians' services by themselves, or people too. The formula alone says which sets of leaves open; whether
 * the law wants people is a matter of one request. Deterministic, so that chaincode judges as custodians do.
 */

/** Roles that an institution's service fills. A `witness` is the same service in its second place: it answers beside people only. */
export const serviceRoles: readonly string[] = ['custodian', 'witness'];

export const isServiceLeaf = (leaf: string): boolean => serviceRoles.includes(leaf.slice(0, leaf.indexOf('@')));

/** @returns whether services together fill the formula with no person among them */
export const servicesFill = (formula: Formula): boolean =>
  satisfies(formula, new Set(leavesOf(formula).filter(isServiceLeaf)));

/**
 * What is left of a formula when people must be among those who fill it: alternatives that services fill by themselves fall away. Every set
 * that satisfies the rest satisfies the formula and holds a person's leaf.
 * @returns null if nothing is left: nobody fills this formula then
 */
export function withPeople(formula: Formula): Formula | null {
  if (!servicesFill(formula)) return formula;
  if ('leaf' in formula || formula.k > 1) return null;
  const of = formula.of.map(withPeople).filter((part) => part !== null);
  return of.length > 0 ? { k: 1, of } : null;
}

/** What services fill where nobody has to approve: their own alternatives, or the formula as it is if they have none. */
export function byServices(formula: Formula): Formula {
  if ('leaf' in formula || formula.k > 1 || !servicesFill(formula)) return formula;
  return { k: 1, of: formula.of.filter(servicesFill).map(byServices) };
}
