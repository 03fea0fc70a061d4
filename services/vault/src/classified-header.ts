import { sensitivityClass } from '@medshare/events';
import { z } from 'zod';

/** What the payload of `record.classified` says beside its parts: the sections' bytes, then the source's own. */
export const classifiedHeader = z.object({
  identifiers: z.array(z.object({ system: z.string().optional(), value: z.string() })).max(100),
  source: z.json().default(null),
  sections: z
    .array(z.object({ class: sensitivityClass, level: z.int().min(1).max(5), labels: z.array(z.json()).max(10_000) }))
    .min(1)
    .max(255),
});
export type ClassifiedHeader = z.infer<typeof classifiedHeader>;
