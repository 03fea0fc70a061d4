import type { Deal } from '@medshare/crypto';
import { parseFormula } from '@medshare/crypto/formula';
import type { dealDocument } from '@medshare/events';
import { problem } from '@medshare/problems';
import type { z } from 'zod';

/** A deal as it crosses a process. */
export type DealDocument = z.infer<typeof dealDocument>;

/** @throws Problem vault.deal when the formula is none; whether the deal verifies is another question */
export function readDeal(document: DealDocument): Deal {
  try {
    return { ...document, formula: parseFormula(document.formula) };
  } catch (cause) {
    throw problem('vault.deal', { where: document.id, detail: 'no formula', cause });
  }
}

export const writeDeal = (deal: Deal): DealDocument => deal as unknown as DealDocument;
