import type { LegalBasisFile, LegalBasisRow } from './policy-files.js';

/** A row that covers a question, and the role by which it does. */
export type LegalBasisMatch = { readonly row: LegalBasisRow; readonly role: string };

/** @returns rows that cover the question, in the file's order; a class named outright hides rows of `sensitive:*` for the same role */
export type LegalBasisLookup = (purpose: string, roles: readonly string[], sectionClass: string) => LegalBasisMatch[];

const keyOf = (purpose: string, role: string, pattern: string): string => `${purpose} ${role} ${pattern}`;

/** @throws Error naming two rows that cover the same combination */
export function makeLegalBasisLookup({ rows }: LegalBasisFile): LegalBasisLookup {
  const index = new Map<string, LegalBasisRow>();
  for (const row of rows)
    for (const key of combinationsOf(row)) {
      const other = index.get(key);
      if (other) throw new Error(`rows ${other.id} and ${row.id} both cover ${key}`);
      index.set(key, row);
    }
  const position = new Map(rows.map((row, at) => [row, at]));
  return (purpose, roles, sectionClass) =>
    [...new Set(roles)]
      .flatMap((role) => {
        const exact = index.get(keyOf(purpose, role, sectionClass));
        const row =
          exact ?? (sectionClass.startsWith('sensitive:') ? index.get(keyOf(purpose, role, 'sensitive:*')) : undefined);
        return row ? [{ row, role }] : [];
      })
      .sort((a, b) => (position.get(a.row) ?? 0) - (position.get(b.row) ?? 0));
}

export const combinationsOf = ({ purposes, roles, classes }: LegalBasisRow): string[] =>
  purposes.flatMap((purpose) => roles.flatMap((role) => classes.map((pattern) => keyOf(purpose, role, pattern))));
