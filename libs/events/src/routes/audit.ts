import { z } from 'zod';
import { auditEntry } from '../events/audit.js';
import { definePeerRoute } from '../route.js';
import { hash, institutionId, millis, opaqueId, signature } from '../scalars.js';

/** Signed by the institution's audit key, type `audit-receipt`: the entry is durable in its log. */
export const auditReceipt = z.strictObject({
  version: z.literal(1),
  entryId: opaqueId,
  institution: institutionId,
  /** Salted leaf hash of the entry in the log. */
  leaf: hash,
  time: millis,
  signature,
});
export type AuditReceipt = z.infer<typeof auditReceipt>;

/** No audit entry, no release: resolves only when the entry is durable. Repeating an id gives the same receipt. */
export const recordAudit = definePeerRoute({
  name: 'audit.record',
  path: '/internal/audit/entries',
  audience: 'institution',
  idempotent: true,
  maxBytes: 64 * 1024,
  example: {
    entry: {
      id: '6f1f9e6c-0f64-4a52-9d3d-0a2f5c9b7e11',
      action: 'section.opened',
      time: 1_795_248_000_000,
      outcome: 'success',
      role: 'reader',
      agent: { institution: 'harbor', person: 'dr.chen', roles: ['clinician'] },
      purpose: 'TREAT',
      entities: [{ kind: 'record', id: '6f1f9e6c-0f64-4a52-9d3d-0a2f5c9b7e11' }],
    },
  },
  request: z.strictObject({ entry: auditEntry }),
  response: z.strictObject({ receipt: auditReceipt }),
});
