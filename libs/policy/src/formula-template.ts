import { z } from 'zod';
import type { Formula } from '@medshare/crypto/formula';
import { problem } from '@medshare/problems';

/** A formula over places: `role@source`, `role@others`, `role@members`. */
export type FormulaTemplate =
  | string
  | { readonly all: readonly FormulaTemplate[] }
  | { readonly any: readonly FormulaTemplate[] }
  | { readonly atLeast: number; readonly of: readonly FormulaTemplate[] };

const place = z
  .string()
  .regex(/^[a-z][a-z-]{1,30}@(source|others|members)$/, 'must be <role>@source, @others or @members');
const list = z
  .array(z.lazy((): z.ZodType<FormulaTemplate> => formulaTemplate))
  .min(1)
  .max(20);

/** `@requester` has no place: the key is dealt before anybody asks. */
export const formulaTemplate: z.ZodType<FormulaTemplate> = z.union([
  place,
  z.strictObject({ all: list }),
  z.strictObject({ any: list }),
  z.strictObject({ atLeast: z.int().min(1).max(20), of: list }),
]);

export type Region = {
  /** institution that made the record; one of the members */
  readonly source: string;
  readonly members: readonly string[];
};

/**
 * Fills a template's places with a region's institutions. The same region gives the same formula, whatever the order of its members.
 * @throws Problem `vault.formula` if the source is no member or a gate has fewer inputs than it asks for
 */
export function instantiateFormula(template: FormulaTemplate, { source, members }: Region): Formula {
  const sorted = [...new Set(members)].sort();
  if (!sorted.includes(source)) throw problem('vault.formula', { where: source, detail: 'the source is no member' });
  const places = { source: [source], others: sorted.filter((member) => member !== source), members: sorted };
  const fill = (part: FormulaTemplate): Formula[] => {
    if (typeof part !== 'string') return [gate(part)];
    const [role = '', where = ''] = part.split('@');
    return places[where as keyof typeof places].map((institution) => ({ leaf: `${role}@${institution}` }));
  };
  const gate = (part: Exclude<FormulaTemplate, string>): Formula => {
    const of = ('all' in part ? part.all : 'any' in part ? part.any : part.of).flatMap(fill);
    const k = 'all' in part ? of.length : 'any' in part ? 1 : part.atLeast;
    if (of.length < k || of.length === 0)
      throw problem('vault.formula', { where: source, detail: `a gate asks for ${k} of ${of.length}` });
    return { k, of };
  };
  const [root] = fill(template);
  if (!root || typeof template === 'string')
    throw problem('vault.formula', { detail: 'a formula is a gate, not a leaf' });
  return root;
}
