import { z } from 'zod';
import { formulaTemplate } from './formula-template.js';

const name = z.string().regex(/^[a-z][a-z0-9-]{1,40}$/);
const days = z.int().min(1).max(3650);
/** `ordinary`, `sensitive:<category>`, or `sensitive:*` for every category that no other row names */
const classPattern = z.string().regex(/^(ordinary|sensitive:(\*|[a-z-]{2,30}))$/);

const row = z.strictObject({
  id: name,
  purposes: z.array(z.string().regex(/^[A-Z]{2,16}$/)).min(1),
  roles: z.array(name).min(1),
  classes: z.array(classPattern).min(1),
  basis: z.string().min(1).max(200),
  consent: z.enum(['none', 'opt-out', 'opt-in']),
  /** name of the formula of its classes, or `class` for whichever that is */
  formula: name,
  approval: z.enum(['none', 'required']),
  retentionDays: days,
  maxGrantDays: days,
  obligations: z
    .array(z.string().regex(/^[a-z][a-z0-9:@-]{1,100}$/))
    .max(10)
    .default([]),
});

/** `policies/legal-basis/<region>.yaml` */
export const legalBasisFile = z.strictObject({
  version: z.literal(1),
  jurisdiction: name,
  rows: z.array(row).min(1).max(500),
});
export type LegalBasisRow = z.infer<typeof row>;
export type LegalBasisFile = z.infer<typeof legalBasisFile>;

/** `policies/formulas/<region>.yaml` */
export const formulasFile = z.strictObject({
  version: z.literal(1),
  classes: z.record(classPattern, name),
  formulas: z.record(name, formulaTemplate),
});
export type FormulasFile = z.infer<typeof formulasFile>;
