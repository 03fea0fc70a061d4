import { isProblem, Problem, problem } from '@medshare/problems';

/** A signature, certificate or envelope that does not verify: nothing is said about why. */
export const forged = (where: string): Problem => problem('access.forged', { where });
export const expired = (where: string): Problem => problem('access.expired', { where });

/** An answer that trying again does not change, against what failed for a technical reason and is tried again. */
export const isRefusal = (caught: unknown): caught is Problem =>
  isProblem(caught) && /^(access|ledger\.refused)/.test(caught.code);
