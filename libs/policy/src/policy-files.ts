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

const hours = z.int().min(1).max(24);

/** What holds of breaking the glass, whatever the row. */
export const emergencyRules = z.strictObject({
  /** How long an emergency's grant lasts unless less or more is asked, and at most. */
  defaultHours: hours,
  maxHours: hours,
  /** By when a privacy officer must have reviewed it. */
  reviewHours: z.int().min(1).max(720),
  /** Signed approvals instead of the chain's grant, while no transaction can be committed. */
  away: z.strictObject({
    allowed: z.boolean(),
    /** Also while the chain can be reached. */
    whenReachable: z.boolean(),
    /** Asks that one custodian answers so within 24 hours. */
    perPerson: z.int().min(1).max(1000),
    perInstitution: z.int().min(1).max(10_000),
  }),
});
export type EmergencyRules = z.infer<typeof emergencyRules>;

/** For a region that says nothing: never without the chain. */
const noRules: EmergencyRules = {
  defaultHours: 4,
  maxHours: 24,
  reviewHours: 72,
  away: { allowed: false, whenReachable: false, perPerson: 1, perInstitution: 1 },
};

/** `policies/legal-basis/<region>.yaml` */
export const legalBasisFile = z.strictObject({
  version: z.literal(1),
  jurisdiction: name,
  emergency: emergencyRules.default(noRules),
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
