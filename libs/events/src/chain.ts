import type { Formula } from '@medshare/crypto/formula';
import { z } from 'zod';
import {
  base64url,
  cid,
  hash,
  institutionId,
  millis,
  opaqueId,
  publicKey,
  purpose,
  signature,
  suiteName,
} from './scalars.js';

/**
 * The documents of a region's chain. Integers and strings only, never personal data: no identifier, no class, no level.
 * They are stored as canonical JSON (RFC 8785) and signed with `signDocument(suite, key, type, 1, value)`.
 */
export const role = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);
/** `<role>@<institution>`: one place in a formula. */
export const leafId = z
  .string()
  .max(82)
  .regex(/^[a-z][a-z0-9-]*@[a-z][a-z0-9-]*$/);
/** Pseudonym of a person or service, unique within its institution. */
export const person = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const version = z.literal(1);

/** HL7 v3 PurposeOfUse of an emergency. */
export const emergencyPurpose = 'ETREAT';
/** The role of emergency departments: its leaves are a formula's emergency branch and serve emergencies only. */
export const emergencyRole = 'ed';

/** Public keys of one member, one a use; all of the region's suite. */
export const memberKeys = z.strictObject({
  ledger: publicKey,
  vault: publicKey,
  access: publicKey,
  reader: publicKey,
  audit: publicKey,
});
export type MemberKeys = z.infer<typeof memberKeys>;

export const member = z.strictObject({
  id: institutionId,
  name: z.string().min(1).max(120),
  keys: memberKeys,
  /** The member's organisation on Hyperledger Fabric; its id where the region says nothing. */
  mspId: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
    .optional(),
});
export type Member = z.infer<typeof member>;

/** Genesis of a region, under the key `region`. The first member orders transactions on the embedded ledger. */
export const region = z.strictObject({
  version,
  region: z.string().regex(/^[a-z][a-z0-9-]{1,30}$/),
  suite: suiteName,
  members: z.array(member).min(1).max(64),
  /** Equal endorsements that a transaction needs. */
  endorsements: z.int().min(1).max(64),
  /** Members that must sign the same view of the state. */
  viewQuorum: z.int().min(1).max(64),
  /** How old a view may be when a custodian releases on it. */
  leaseMs: z.int().min(100).max(3_600_000),
  /** How far a transaction's time may be from an endorser's clock. */
  clockSkewMs: z.int().min(100).max(3_600_000),
  oprf: z.strictObject({
    threshold: z.int().min(1).max(64),
    commitments: z.array(base64url.max(64)).max(64),
    /** Order gives the index of each member's share, from 1. */
    members: z.array(institutionId).max(64),
  }),
  identifierSystems: z.array(z.string().max(256)).max(64),
  limits: z.strictObject({
    anchorsPerBatch: z.int().min(1).max(500),
    formulaLeaves: z.int().min(1).max(256),
    /** Longest life of a request, and of the grant it becomes. */
    requestMs: z.int().min(1000),
    /** Longest life of a staff certificate. */
    certificateMs: z.int().min(1000),
    /** Longest life of an emergency request, and of the grant it becomes; a day where a region says nothing. */
    emergencyMs: z.int().min(1000).optional(),
  }),
});
export type Region = z.infer<typeof region>;

/** Argument of the function `amend`: a document for the region's place, signed by each of its members (type `amendment`: `{ replaces, region }`). */
export const amendment = z.strictObject({
  region,
  signatures: z.array(z.strictObject({ institution: institutionId, signature })).max(64),
});
export type Amendment = z.infer<typeof amendment>;

/** A record's entry. `void` marks a counter that was allocated and never used. The chain's key is (submitting institution, tag). */
export const anchor = z.strictObject({
  version,
  kind: z.enum(['record', 'void']),
  suite: suiteName,
  tag: hash,
  recordRoot: hash,
  sealRoot: hash,
  manifest: cid,
});
export type Anchor = z.infer<typeof anchor>;

/** Argument of the function `anchor`; `institution` must be the submitter. */
export const anchorBatch = z.strictObject({ institution: institutionId, anchors: z.array(anchor).min(1).max(500) });
export type AnchorBatch = z.infer<typeof anchorBatch>;

/** Under `batch/<institution>/<root>`: one anchor's inclusion (leaf = its canonical JSON, RFC 9162 tree) is proven against `root`. */
export const batch = z.strictObject({ version, institution: institutionId, root: hash, size: z.int().min(1).max(500) });
export type Batch = z.infer<typeof batch>;

/** Under `conflict/<institution>/<tag>/<hash>`: another content came under an anchored tag, and was not taken. */
export const conflict = z.strictObject({
  version,
  institution: institutionId,
  tag: hash,
  refused: anchor,
  time: millis,
});
export type Conflict = z.infer<typeof conflict>;

/** Made by an institution for a staff member or a service: signed by its `access` key, type `staff-certificate`, over all but `signature`. */
export const staffCertificate = z.strictObject({
  version,
  institution: institutionId,
  person,
  roles: z.array(role).min(1).max(20),
  kind: z.enum(['staff', 'service']),
  publicKey,
  /** Suite of `publicKey`; the certificate's own signature is of the region's suite. */
  suite: suiteName,
  notBefore: millis,
  notAfter: millis,
  signature,
});
export type StaffCertificate = z.infer<typeof staffCertificate>;

/** What a clinician signs (type `ask`): neither patient nor class, so that it may stand on the chain. */
export const ask = z.strictObject({
  version,
  askId: opaqueId,
  /** The requester's institution. */
  institution: institutionId,
  readerKey: publicKey,
  purpose,
  expiresAt: millis,
  nonce: base64url.length(22),
  /** Only with purpose ETREAT, and always: hash of the stated {code, text, salt}, type `emergency-reason`; the reason itself is on no chain. */
  emergency: z.strictObject({ reason: hash }).optional(),
});
export type Ask = z.infer<typeof ask>;

/** A formula as JSON; @medshare/crypto/formula reads it. */
export const formulaDocument = z.json() as unknown as z.ZodType<Formula>;

/** Under `request/<id>`, with `id` = documentHash(`request-id`, {askId, dealCommitment}) under the region's suite. */
export const request = z.strictObject({
  version,
  id: hash,
  /** Owner of the record. */
  institution: institutionId,
  requester: z.strictObject({ institution: institutionId, certificate: staffCertificate }),
  ask,
  /** The certificate's key over `ask`, type `ask`. */
  askSignature: signature,
  /** Salted commitment to the deal; who needs the link is shown it off chain. */
  dealCommitment: hash,
  formula: formulaDocument,
  /** People must be among those who fill the formula, as the owner's permit says; absent where services may by themselves. */
  approval: z.literal('required').optional(),
  issuedAt: millis,
  expiresAt: millis,
});
export type Request = z.infer<typeof request>;

/** Under `approval/<requestId>/<leaf>`. Signed by the certificate's key, type `approval`, over {requestId, requestHash, leaf}. */
export const approval = z.strictObject({
  version,
  requestId: hash,
  leaf: leafId,
  certificate: staffCertificate,
  signature,
});
export type Approval = z.infer<typeof approval>;

/** Under `consent/<institution>/<commitment>`: a version of a patient's consent existed at that time. Salted; nothing personal. */
export const consentAnchor = z.strictObject({ version, institution: institutionId, commitment: hash });
export type ConsentAnchor = z.infer<typeof consentAnchor>;

export const revocationReason = z.enum([
  'no-longer-needed',
  'consent-withdrawn',
  'made-in-error',
  'misuse',
  'key-compromised',
  'other',
]);
export type RevocationReason = z.infer<typeof revocationReason>;

/** Signed by the certificate's key, type `revocation`, over {requestId, requestHash, reason}. */
export const revocation = z.strictObject({
  version,
  requestId: hash,
  certificate: staffCertificate,
  reason: revocationReason,
  signature,
});
export type Revocation = z.infer<typeof revocation>;

/**
 * Under `grant/<requestId>`. Written in the transaction of the approval that completes the formula; later approvals add their leaf.
 * A request revoked before it was granted has a revoked grant without `grantedAt`.
 */
export const grant = z.strictObject({
  version,
  requestId: hash,
  /** The approved leaves, sorted. */
  leaves: z.array(leafId).max(256),
  grantedAt: millis.optional(),
  expiresAt: millis,
  state: z.enum(['active', 'revoked']),
  /** The grant was made off the chain while it was away, and written down this much later, ms. */
  lateMs: millis.optional(),
  revokedBy: z.strictObject({ institution: institutionId, person }).optional(),
  revokedAt: millis.optional(),
  reason: revocationReason.optional(),
});
export type Grant = z.infer<typeof grant>;

/**
 * One person's, or custodian service's, approval while no transaction can be committed. Signed by the certificate's key, type
 * `emergency-approval`, over {requestId, requestHash, leaf, approvedAt}: it serves neither another request nor the chain's own approvals.
 */
export const emergencyApproval = z.strictObject({
  version,
  requestId: hash,
  leaf: leafId,
  certificate: staffCertificate,
  approvedAt: millis,
  signature,
});
export type EmergencyApproval = z.infer<typeof emergencyApproval>;

/**
 * A custodian's statement of what it released while the chain was away, its audit entry durable before. Signed by its `vault` key, type
 * `emergency-release`, over {requestId, requestHash, leaf, institution, releasedAt, capsules, entry}.
 */
export const emergencyRelease = z.strictObject({
  version,
  requestId: hash,
  leaf: leafId,
  institution: institutionId,
  releasedAt: millis,
  /** How many capsules' fragments left. */
  capsules: z.int().min(1).max(256),
  /** Salted leaf hash of the entry in the custodian's audit log. */
  entry: hash,
  signature,
});
export type EmergencyRelease = z.infer<typeof emergencyRelease>;

/** Argument of the function `emergency`: what happened while the chain was away. */
export const emergencyEvidence = z.strictObject({
  request,
  approvals: z.array(emergencyApproval).min(1).max(32),
  release: emergencyRelease.optional(),
});
export type EmergencyEvidence = z.infer<typeof emergencyEvidence>;

/**
 * Under `emergency/<requestId>`: an emergency that was granted while the chain was away, written down when it was back. Its approvals stand
 * under `emergency-approval/<requestId>/<leaf>/<person>`, releases under `emergency-release/<requestId>/<leaf>/<entry>`, as they were signed.
 */
export const emergencyRecord = z.strictObject({
  version,
  requestId: hash,
  requestHash: hash,
  leaves: z.array(leafId).max(256),
  /** When the last of these approvals was signed, by its signer's clock. */
  grantedAt: millis,
  expiresAt: millis,
  recordedAt: millis,
  recordedBy: institutionId,
  /** recordedAt − grantedAt: how late the chain learned of it. */
  lateMs: millis,
});
export type EmergencyRecord = z.infer<typeof emergencyRecord>;

/** Under `checkpoint/<institution>`: head of its audit log, signed by its `audit` key, type `checkpoint`, over {institution, size, root}. */
export const checkpoint = z.strictObject({
  version,
  institution: institutionId,
  size: millis,
  root: hash,
  signature,
});
export type Checkpoint = z.infer<typeof checkpoint>;

/** The committed state of one request as members sign it; approvals sorted by leaf. */
export const requestState = z.strictObject({
  request: request.nullable(),
  approvals: z.array(approval).max(256),
  grant: grant.nullable(),
});
export type RequestState = z.infer<typeof requestState>;

/** One member's signed reading of its own copy of the chain. Signed by its `ledger` key, type `view`, over all but `signature`. */
export const view = z.strictObject({
  version,
  region: z.string().max(32),
  /** Which ledger says it: `embedded` trusts the machine of its operator. */
  kind: z.enum(['embedded', 'fabric']),
  /** `request:<id>` */
  subject: z.string().max(128),
  state: requestState,
  height: millis,
  blockHash: hash,
  time: millis,
  nonce: base64url.length(22),
  institution: institutionId,
  signature,
});
export type View = z.infer<typeof view>;
