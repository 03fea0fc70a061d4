import { z } from 'zod';
import { checkpoint } from '../chain.js';

/** `GET /audit/checkpoints`: the newest first. */
export const auditCheckpoints = z.strictObject({ checkpoints: z.array(checkpoint).max(1000) });

/** `POST /hl7v2/$preview`, `POST /fhir/$preview`: what would become of a message. */
export const previewResponse = z.looseObject({
  bundle: z.looseObject({ resourceType: z.literal('Bundle') }),
  /** sensitivity, 1 to 5 */
  level: z.int().min(1).max(5),
  confidentiality: z.string(),
  policy: z.string(),
  labels: z.array(z.unknown()),
  sections: z.array(z.strictObject({ class: z.string(), entries: z.array(z.int()), bytes: z.int() })),
  issues: z.array(z.unknown()),
  losses: z.looseObject({ resourceType: z.literal('OperationOutcome') }),
});

/** `GET /health/live`, `GET /health/ready` */
export const healthResponse = z.strictObject({ status: z.enum(['live', 'ready']) });

/** `GET /session`: who is signed in at a page, and what its own requests carry in `x-medshare-csrf`. */
export const sessionResponse = z.strictObject({
  username: z.string(),
  institution: z.string(),
  roles: z.array(z.string()),
  csrf: z.string(),
});

/** `POST /session/logout`: where the browser goes next. */
export const logoutResponse = z.strictObject({ location: z.string() });
