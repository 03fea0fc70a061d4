import type { Formula } from './formula-template.js';

/** What is wrong with a formula (`error`: it must not be dealt) or worth knowing (`warning`). */
export type FormulaFinding = {
  readonly severity: 'error' | 'warning';
  readonly rule: 'fills-alone' | 'leaf-under-or' | 'leaf-twice' | 'unfillable' | 'blocks';
  /** the institution or leaf that the finding is about */
  readonly about: string;
};

/** Every institution that could fill a formula alone, or without which nobody can; leaves that would be the whole secret. */
export function lintInstantiated(formula: Formula, institutions: readonly string[]): FormulaFinding[] {
  const leaves = leavesIn(formula);
  const error = (rule: FormulaFinding['rule'], about: string) => ({ severity: 'error', rule, about }) as const;
  const twice = leaves.filter((leaf, position) => leaves.indexOf(leaf) !== position);
  const filled = (holds: (institution: string) => boolean) =>
    isFilled(formula, (leaf) => holds(leaf.slice(leaf.indexOf('@') + 1)));
  return [
    ...[...new Set(twice)].map((leaf) => error('leaf-twice', leaf)),
    ...bareLeaves(formula).map((leaf) => error('leaf-under-or', leaf)),
    ...institutions.filter((one) => filled((holder) => holder === one)).map((one) => error('fills-alone', one)),
    ...(filled((holder) => institutions.includes(holder)) ? [] : [error('unfillable', 'members')]),
    ...institutions
      .filter((one) => !filled((holder) => holder !== one))
      .map((one) => ({ severity: 'warning', rule: 'blocks', about: one }) as const),
  ];
}

const leavesIn = (formula: Formula): string[] => ('leaf' in formula ? [formula.leaf] : formula.of.flatMap(leavesIn));

function isFilled(formula: Formula, holds: (leaf: string) => boolean): boolean {
  if ('leaf' in formula) return holds(formula.leaf);
  return formula.of.filter((part) => isFilled(part, holds)).length >= formula.k;
}

/** Down from the root through gates of one: such a leaf's share is the whole secret. */
function bareLeaves(formula: Formula): string[] {
  if ('leaf' in formula) return [formula.leaf];
  return formula.k === 1 || formula.of.length === 1 ? formula.of.flatMap(bareLeaves) : [];
}
