import { z } from 'zod';
import { table } from '../terminal/table.js';

/** The loss report of a record (FHIR R4 OperationOutcome), as `/messages/{id}/losses` gives it. */
export const lossOutcome = z.looseObject({
  resourceType: z.literal('OperationOutcome'),
  issue: z
    .array(
      z.looseObject({
        severity: z.string().max(20),
        details: z.looseObject({ text: z.string().max(1_000).optional() }),
        diagnostics: z.string().max(1_000).optional(),
      }),
    )
    .max(10_000),
});
export type LossOutcome = z.infer<typeof lossOutcome>;

/** What a record does not hold of its message: position and reason of each, what a reader would miss first. Positions only, no content. */
export function lossTable({ issue }: LossOutcome, columns: number): string {
  const lost = issue.filter(({ diagnostics }) => diagnostics !== undefined);
  if (lost.length === 0) return 'The record holds every value of the message.';
  const rows = lost.map(({ severity, details, diagnostics = '' }) => [diagnostics, severity, details.text ?? '']);
  return table([['not in the record', '', 'why'], ...rows], { columns, indent: 0 });
}
