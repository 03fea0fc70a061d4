import { withPeople } from '@medshare/crypto/fill-rule';
import { leavesOf, parseFormula, satisfies } from '@medshare/crypto/formula';
import { leafId, type Request } from '@medshare/events/chain';
import { demand, refusal } from './refusal.js';

/** @returns the leaves of a formula, or refuses one that is malformed, or has a leaf that is not `<role>@<institution>` */
export function leavesOfFormula(formula: unknown): readonly string[] {
  const leaves = leavesOf(parse(formula));
  for (const leaf of leaves) {
    demand(leafId.safeParse(leaf).success, 'ledger.refused', 'a leaf is not <role>@<institution>', 'formula');
  }
  return leaves;
}

type Asked = Pick<Request, 'formula' | 'approval'>;

/** What has to be filled for a request: where people must approve, what services could fill among themselves is closed. */
function openPart({ formula, approval }: Asked): ReturnType<typeof parseFormula> | null {
  return approval === 'required' ? withPeople(parse(formula)) : parse(formula);
}

/** @returns the leaves that may be approved for a request */
export function openLeaves(request: Asked): readonly string[] {
  const open = openPart(request);
  return open === null ? [] : leavesOf(open);
}

/** @returns whether these leaves are an authorized set for a request */
export function isFilled(request: Asked, leaves: Iterable<string>): boolean {
  const open = openPart(request);
  return open !== null && satisfies(open, new Set(leaves));
}

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
