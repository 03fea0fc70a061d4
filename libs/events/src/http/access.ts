import { z } from 'zod';
import { ask, formulaDocument, revocationReason, staffCertificate } from '../chain.js';
import { decisionReceipt, emergencyCode, emergencyReason } from '../routes/access.js';
import { hash, institutionId, millis, opaqueId, publicKey, purpose, sensitivityClass, signature } from '../scalars.js';

/** `POST /access/certificates`: a staff member's own key, with proof of possession over {publicKey, time}, type `certificate-request`. */
export const certificateRequest = z.strictObject({ publicKey, time: millis, proof: signature });
export const certificateResponse = z.strictObject({ certificate: staffCertificate });

/** `GET /access/approvals`: what waits for the caller's decision. */
export const pendingApproval = z.strictObject({
  requestId: hash,
  /** Hash of the request as it stands on the chain: what the approval is signed over. */
  requestHash: hash,
  leaf: z.string().max(82),
  owner: institutionId,
  class: sensitivityClass,
  purpose,
  relation: z.enum(['treating', 'none']),
  requester: z.strictObject({
    institution: institutionId,
    person: z.string().max(128),
    roles: z.array(z.string().max(40)).max(20),
  }),
  issuedAt: millis,
  expiresAt: millis,
  state: z.enum(['waiting', 'approved', 'granted', 'revoked', 'expired']),
  /** Why it is asked, when it is an emergency. */
  emergency: z.strictObject({ code: emergencyCode, text: z.string().max(500) }).optional(),
  /** The chain is away: approved by `POST /access/emergency-approvals/{requestId}`. */
  away: z.boolean().optional(),
});
export type PendingApproval = z.infer<typeof pendingApproval>;
export const pendingApprovals = z.strictObject({ approvals: z.array(pendingApproval).max(1000) });

/** `POST /access/approvals/{requestId}`: signature of type `approval` over {requestId, requestHash, leaf}. */
export const approvalBody = z.strictObject({ leaf: z.string().max(82), certificate: staffCertificate, signature });
export const approvalResponse = z.strictObject({ requestId: hash, granted: z.boolean(), block: millis });

/** `POST /access/emergency-approvals/{requestId}`: signature of type `emergency-approval` over {requestId, requestHash, leaf, approvedAt}. */
export const emergencyApprovalBody = z.strictObject({
  leaf: z.string().max(82),
  certificate: staffCertificate,
  approvedAt: millis,
  signature,
});
export const emergencyApprovalResponse = z.strictObject({ requestId: hash, approvedAt: millis });

/** `POST /access/revocations/{requestId}`: signature of type `revocation` over {requestId, requestHash, reason}. */
export const revocationBody = z.strictObject({
  certificate: staffCertificate,
  reason: revocationReason,
  signature,
});
export const revocationResponse = z.strictObject({
  requestId: hash,
  block: millis,
  /** What was released before and may have been kept. */
  releasedBefore: z.int().nonnegative(),
});

/** `POST /access/$evaluate`: decides without effect. */
export const evaluateBody = z.strictObject({
  requester: z.strictObject({ institution: institutionId, roles: z.array(z.string().max(40)).max(20) }),
  owner: institutionId,
  class: sensitivityClass,
  level: z.int().min(1).max(5),
  purpose,
  relation: z.enum(['treating', 'none']),
  days: z.int().min(1).max(365),
});
export const evaluateResponse = z.strictObject({
  outcome: z.enum(['permit', 'deny']),
  problem: z.string().optional(),
  legalBasis: z.string().optional(),
  formula: formulaDocument.optional(),
  approval: z.enum(['none', 'required']).optional(),
  rules: z.array(z.string()),
  obligations: z.array(z.string()),
  policyHash: hash,
});

/** `POST /access/$what-would-see`: what a named clinician would see of a patient at this institution. */
export const whatWouldSeeBody = z.strictObject({
  clinician: z.strictObject({
    institution: institutionId,
    roles: z.array(z.string().max(40)).min(1).max(20),
    /** a user name of the institution asked, else the pseudonym that receipts show */
    person: z.string().min(1).max(128).optional(),
  }),
  patient: z.strictObject({ system: z.string().min(1).max(256), value: z.string().min(1).max(64) }),
  purpose,
  relation: z.enum(['treating', 'none']),
  days: z.int().min(1).max(365),
});
export const whatWouldSeeAnswer = z.strictObject({
  policyHash: hash,
  /** Every class that this institution holds something of; nothing is held for a patient that is not known here. */
  classes: z
    .array(
      z.strictObject({
        class: sensitivityClass,
        sections: z.int().nonnegative(),
        shareable: z.boolean(),
        outcome: z.enum(['permit', 'deny']),
        problem: z.string().optional(),
        legalBasis: z.string().optional(),
        rules: z.array(z.string()),
        obligations: z.array(z.string()),
        consent: z.enum(['given', 'refused', 'unknown']),
        consents: z.array(z.strictObject({ id: opaqueId, version: z.int() })),
        approval: z.enum(['none', 'required']),
        /** People's places in the formula of which enough have to approve. */
        approvals: z.array(z.string().max(82)),
        formula: formulaDocument.optional(),
      }),
    )
    .max(64),
});
export type WhatWouldSeeAnswer = z.infer<typeof whatWouldSeeAnswer>;

/** `GET /access/receipts/{id}/material`: what a decision is replayed from. */
export const replayMaterial = z.strictObject({
  version: z.literal(1),
  receipt: decisionReceipt,
  inputs: z.strictObject({
    version: z.literal(1),
    relation: z.enum(['treating', 'none']),
    level: z.int().min(1).max(5),
    requestedDays: z.int(),
    patients: z.array(hash).max(1000),
    salt: hash,
  }),
  policy: z.strictObject({ members: z.array(institutionId).max(64), files: z.record(z.string().max(200), z.string()) }),
  consents: z
    .array(
      z.strictObject({
        version: z.strictObject({
          id: opaqueId,
          version: z.int().positive(),
          digest: hash,
          salt: hash,
          previous: hash.optional(),
          recordedAt: millis,
          recordedBy: z.string().max(128),
        }),
        /** base64url of the resource's bytes as they were recorded */
        resource: z.string().max(131_072),
      }),
    )
    .max(1000),
});
export type ReplayAnswer = z.infer<typeof replayMaterial>;

/** `POST /reader/drafts`: the reader makes a fresh reading key and an ask to be signed. */
export const draftBody = z.strictObject({
  purpose,
  days: z.int().min(1).max(365),
  /** With purpose ETREAT: the hash of the reason (type `emergency-reason`), and for how long, which counts instead of `days`. */
  emergency: z.strictObject({ reason: hash, hours: z.int().min(1).max(24).optional() }).optional(),
});
export const draftResponse = z.strictObject({ ask });

/** `POST /reader/asks`: the clinician's signature of type `ask` over the draft, and whom it is about. */
export const askBody = z.strictObject({
  ask,
  certificate: staffCertificate,
  signature,
  identifier: z.strictObject({ system: z.string().min(1).max(256), value: z.string().min(1).max(64) }),
  relation: z.enum(['treating', 'none']),
  /** Opens the hash in an emergency's ask. */
  reason: emergencyReason.optional(),
});
export const askedRequest = z.strictObject({
  requestId: hash,
  /** What a revocation is signed over, beside the id. */
  requestHash: hash,
  owner: institutionId,
  class: sensitivityClass,
  state: z.enum(['waiting', 'granted', 'revoked', 'expired']),
  expiresAt: millis,
  /** The chain is away: signed approvals count, and the chain learns of them later. */
  away: z.boolean().optional(),
});
export const askResponse = z.strictObject({
  askId: opaqueId,
  /** Anchors found for the patient, by institution. */
  found: z.array(z.strictObject({ institution: institutionId, records: z.int().nonnegative() })),
  requests: z.array(askedRequest).max(1000),
  receipts: z.array(decisionReceipt).max(1000),
  damaged: z.array(z.strictObject({ institution: institutionId, tag: hash, problem: z.string() })).max(1000),
});
export type AskResponse = z.infer<typeof askResponse>;

/** `POST /reader/asks/{askId}/open`: everything that the granted requests permit now, later records included. */
export const openResponse = z.strictObject({
  askId: opaqueId,
  opened: z.array(
    z.strictObject({
      bundle: z.uuid(),
      owner: institutionId,
      record: z.uuid(),
      class: sensitivityClass,
      /** SHA-256 or SM3 of the opened bytes, by the record's suite. */
      digest: hash,
    }),
  ),
  refused: z.array(
    z.strictObject({
      owner: institutionId,
      class: sensitivityClass.optional(),
      requestId: hash.optional(),
      section: z.uuid().optional(),
      problem: z.string(),
      where: z.string().optional(),
    }),
  ),
});
export type OpenResponse = z.infer<typeof openResponse>;
