import { z } from 'zod';
import { ask, emergencyApproval, request, staffCertificate } from '../chain.js';
import { definePeerRoute } from '../route.js';
import { hash, institutionId, millis, opaqueId, purpose, sensitivityClass, signature } from '../scalars.js';
import { dealDocument } from '../sealed.js';

/** Why somebody breaks the glass. `other` says it in words. */
export const emergencyCode = z.enum(['unconscious', 'life-threatening', 'time-critical', 'danger-to-others', 'other']);
export type EmergencyCode = z.infer<typeof emergencyCode>;

/** The stated reason, shown to who decides; chain and logs hold its hash only (`ask.emergency.reason`, type `emergency-reason`). */
export const emergencyReason = z.strictObject({
  code: emergencyCode,
  text: z.string().max(500),
  /** Keeps the hash from telling the reason. */
  salt: hash,
});
export type EmergencyReason = z.infer<typeof emergencyReason>;

/** What a decision rested on; a regulator can replay it. Signed by the deciding institution's access key, type `receipt`. */
export const decisionReceipt = z.strictObject({
  version: z.literal(1),
  id: opaqueId,
  askId: opaqueId,
  /** Hash of the ask as it was signed: reader key, purpose and expiry are permitted as they stood, no others. */
  askHash: hash,
  time: millis,
  owner: institutionId,
  requester: z.strictObject({
    institution: institutionId,
    person: z.string().max(128),
    roles: z.array(z.string().max(40)).max(20),
  }),
  purpose,
  class: sensitivityClass,
  policyHash: hash,
  outcome: z.enum(['permit', 'deny']),
  problem: z.string().max(64).optional(),
  legalBasis: z.string().max(120).optional(),
  /** Whether people must approve under this basis; a request on the chain says the same. Absent in receipts before it was written down. */
  approval: z.enum(['none', 'required']).optional(),
  rules: z.array(z.string().max(80)).max(50),
  obligations: z.array(z.string().max(120)).max(20),
  /** Versions of the patient's consents that were looked at, each blinded by the receipt's id: two receipts do not show one patient. */
  consents: z.array(z.string().max(128)).max(50),
  /** Commitment to what else was decided on (relation, level, days, consents): opened to who replays the decision. */
  inputs: hash.optional(),
  /** Salted commitments of the deals that the permit covers: a request on the chain for any other is past the decision. */
  deals: z.array(hash).max(1000),
  enforced: z.enum(['mathematics', 'code']),
  /** An emergency: the hash of its reason, and whether custodians may answer while the chain is away. */
  emergency: z.strictObject({ reason: hash, away: z.boolean() }).optional(),
  signature: signature.optional(),
});
export type DecisionReceipt = z.infer<typeof decisionReceipt>;

/** The requester's institution brings its clinician's signed ask to the institution that made the records. */
export const decideAsk = definePeerRoute({
  name: 'access.decide-ask',
  path: '/peer/access/asks',
  audience: 'region',
  idempotent: true,
  maxBytes: 2 * 1024 * 1024,
  request: z.strictObject({
    ask,
    certificate: staffCertificate,
    signature,
    relation: z.enum(['treating', 'none']),
    /** Tags of the owner's anchors: only a holder of the patient's index key can name them. */
    tags: z.array(hash).min(1).max(10_000),
    /** Opens the hash in an emergency's ask. */
    reason: emergencyReason.optional(),
    /** The requesting institution's access key over {ask, relation, tags}, type `ask-envelope`. */
    envelope: signature,
  }),
  response: z.strictObject({
    receipts: z.array(decisionReceipt).max(64),
    proposals: z
      .array(
        z.strictObject({
          class: sensitivityClass,
          deal: dealDocument,
          salt: hash,
          dealCommitment: hash,
          expiresAt: millis,
          receiptId: opaqueId,
        }),
      )
      .max(1000),
  }),
});

/** Tells an institution that holds leaves which deal a request on the chain is about, so that its people can decide. */
export const noticeRequest = definePeerRoute({
  name: 'access.notice-request',
  path: '/peer/access/notices',
  audience: 'region',
  idempotent: true,
  maxBytes: 64 * 1024,
  request: z.strictObject({
    requestId: hash,
    dealId: hash,
    salt: hash,
    relation: z.enum(['treating', 'none']),
    /** The owner's permit for this ask and class: without it a custodian's service would answer past the owner's decision. */
    receipt: decisionReceipt,
    /** Opens the hash in an emergency's ask, for those who decide. */
    reason: emergencyReason.optional(),
    /** The request itself, while the chain is away and does not show it. */
    request: request.optional(),
  }),
  response: z.strictObject({ leaves: z.array(z.string().max(82)).max(64) }),
});

/** The reader of the same institution asks that an ask be countersigned: the relation is stated, the roles are checked. */
export const countersignAsk = definePeerRoute({
  name: 'access.countersign-ask',
  path: '/internal/access/asks/countersign',
  audience: 'institution',
  idempotent: true,
  maxBytes: 2 * 1024 * 1024,
  request: z.strictObject({
    ask,
    certificate: staffCertificate,
    signature,
    relation: z.enum(['treating', 'none']),
    tags: z.array(hash).min(1).max(10_000),
    reason: emergencyReason.optional(),
  }),
  response: z.strictObject({ envelope: signature }),
});

/** The requester's institution fetches what people and services here approved while the chain is away. */
export const collectApprovals = definePeerRoute({
  name: 'access.collect-approvals',
  path: '/peer/access/emergency-approvals',
  audience: 'region',
  idempotent: true,
  maxBytes: 4096,
  example: { requestId: '3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
  request: z.strictObject({ requestId: hash }),
  response: z.strictObject({ approvals: z.array(emergencyApproval).max(32) }),
});
