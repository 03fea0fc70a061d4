import { leavesOf, parseFormula, satisfies } from '@medshare/crypto/formula';
import { leafId } from '@medshare/events/chain';
import { demand, refusal } from './refusal.js';

/** @returns the leaves of a formula, or refuses one that is malformed, or has a leaf that is not `<role>@<institution>` */
export function leavesOfFormula(formula: unknown): readonly string[] {
  const leaves = leavesOf(parse(formula));
  for (const leaf of leaves) {
    demand(leafId.safeParse(leaf).success, 'ledger.refused', 'a leaf is not <role>@<institution>', 'formula');
  }
  return leaves;
}

/** @returns whether these leaves are an authorized set */
export const isSatisfied = (formula: unknown, leaves: Iterable<string>): boolean =>
  satisfies(parse(formula), new Set(leaves));

export function splitLeaf(leaf: string): { role: string; institution: string } {
  const at = leaf.indexOf('@');
  return { role: leaf.slice(0, at), institution: leaf.slice(at + 1) };
}

function parse(formula: unknown): ReturnType<typeof parseFormula> {
  try {
    return parseFormula(formula);
  } catch {
    throw refusal('ledger.refused', 'the formula is malformed', 'formula');
  }
}
