import { z } from 'zod';
import { checkpoint } from '../chain.js';
import { institutionId, millis, opaqueId } from '../scalars.js';

/** What is audited. A closed list: the FHIR rendering and the regulator's filters are tables over it. */
export const auditAction = z.enum([
  'message.received',
  'message.refused',
  'message.parked',
  'message.previewed',
  'message.replayed',
  'message.skipped',
  'message.content-read',
  'patient.linked',
  'record.classified',
  'record.sealed',
  'record.anchored',
  'index.evaluated',
  'index.searched',
  'deal.made',
  'leaf.accepted',
  'leaf.refused',
  'certificate.issued',
  'ask.made',
  'ask.decided',
  'approval.given',
  'approval.refused',
  'grant.made',
  'grant.revoked',
  'grant.expired',
  'emergency.anchored',
  'patient.notified',
  'notification.read',
  'review.opened',
  'review.closed',
  'review.read',
  'fragments.released',
  'fragments.refused',
  'section.opened',
  'section.refused',
  'bundle.read',
  'consent.recorded',
  'consent.read',
  'access.evaluated',
  'receipt.replayed',
  'login.succeeded',
  'login.failed',
  'audit.read',
]);
export type AuditAction = z.infer<typeof auditAction>;

/** One audited fact. Holds pseudonyms and opaque ids, never a patient's identifier or content. */
export const auditEntry = z.strictObject({
  id: opaqueId,
  action: auditAction,
  time: millis,
  outcome: z.enum(['success', 'refused', 'failed']),
  /** Problem code when the outcome is not success. */
  problem: z.string().max(64).optional(),
  role: z.string().max(32),
  agent: z.strictObject({
    institution: institutionId,
    /** A staff pseudonym, a service account or a role's name. */
    person: z.string().max(128).optional(),
    roles: z.array(z.string().max(40)).max(20).optional(),
  }),
  purpose: z.string().max(16).optional(),
  /** Why, in the words of whoever did it, where that is asked for; never about a patient. */
  reason: z.string().max(200).optional(),
  /** Opaque ids of what was touched: record, request, deal, message, tag, section, patientKey. */
  entities: z.array(z.strictObject({ kind: z.string().max(24), id: z.string().max(128) })).max(64),
});
export type AuditEntry = z.infer<typeof auditEntry>;

export const auditRecorded = z.strictObject({ entry: auditEntry });

/** A checkpoint of the institution's audit log, to be anchored on the chain. */
export const checkpointMade = checkpoint;
