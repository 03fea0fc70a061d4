import { z } from 'zod';

const names = z.array(z.string().min(1)).readonly();
const category = z.string().regex(/^[A-Z][A-Z0-9]{1,20}$/);
const level = z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4), z.literal(5)]);
const sensitive = z.templateLiteral(['sensitive:', z.string().regex(/^[a-z-]{2,30}$/)]);

/** The shapes of the files under `policies/labels/`. */
export const levelsFile = z.strictObject({
  version: z.int().positive(),
  categories: z.array(z.strictObject({ code: category, class: sensitive, confidentiality: z.enum(['R', 'V']) })).min(1),
  levels: z.strictObject({ impersonal: level, administrative: level, N: level, R: level, V: level }),
  impersonalTypes: names,
  administrativeTypes: names,
  uninspected: category,
});

export const referencesFile = z.strictObject({ contextTypes: names, carrierTypes: names, down: names, order: names });

export const systemsFile = z.strictObject({
  systems: z.array(z.strictObject({ uri: z.string(), icd10: z.boolean().optional(), aliases: names })).min(1),
});

export const rangesFile = z.strictObject({
  ranges: z.array(z.strictObject({ id: z.string(), category, of: names })).min(1),
});

export const valueSetFile = z.strictObject({
  source: z.string(),
  prefix: z.string().regex(/^[a-z]{2,20}$/),
  sets: z.array(z.strictObject({ name: z.string(), category, codes: z.record(z.string(), names) })).min(1),
});

const reach = z.int().min(0).max(40);
const english = z
  .strictObject({
    before: names,
    beforeWords: reach,
    list: names,
    listWords: reach,
    after: names,
    pseudo: names,
    reverse: names,
    stop: names,
  })
  .transform(({ beforeWords: beforeReach, listWords: listReach, ...cues }) => ({
    ...cues,
    beforeReach,
    listReach,
  }));
const chinese = z
  .strictObject({
    before: names,
    beforeChars: reach,
    list: names,
    listChars: reach,
    after: names,
    pseudo: names,
    reverse: names,
    stop: names,
  })
  .transform(({ beforeChars: beforeReach, listChars: listReach, ...cues }) => ({
    ...cues,
    beforeReach,
    listReach,
  }));

export const textFile = z.strictObject({
  rules: z
    .array(
      z.strictObject({
        id: z.string().regex(/^text\.[a-z-]+$/),
        category,
        negation: z.enum(['ignore', 'respect']),
        en: names,
        zh: names,
      }),
    )
    .min(1),
  notMeant: z.strictObject({ en: names, zh: names }),
  negation: z.strictObject({ en: english, zh: chinese }),
  skip: names,
});
