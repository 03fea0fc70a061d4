import { z } from 'zod';
import { anchor, emergencyApproval, formulaDocument, request, view } from '../chain.js';
import { decisionReceipt } from './access.js';
import { definePeerRoute } from '../route.js';
import { base64url, hash, institutionId, opaqueId, purpose, sensitivityClass, signature } from '../scalars.js';
import { boxedBytes, dealDocument, manifest, sealedSection } from '../sealed.js';

const leafId = z.string().max(82);

/** A dealer brings a leaf to its holder. The share travels boxed to the holder's vault key; the answer is signed. */
export const deliverLeaf = definePeerRoute({
  name: 'vault.deliver-leaf',
  path: '/peer/vault/leaves',
  audience: 'region',
  idempotent: true,
  maxBytes: 256 * 1024,
  request: z.strictObject({ deal: dealDocument, leaf: leafId, boxedShare: base64url.max(1024) }),
  response: z.strictObject({ dealId: hash, leaf: leafId, institution: institutionId, signature }),
});

/** One member's share of the region's threshold OPRF over a blinded identifier, with a proof of equal exponents. */
export const evaluateIndex = definePeerRoute({
  name: 'vault.evaluate-index',
  path: '/peer/vault/index/evaluate',
  audience: 'region',
  idempotent: true,
  maxBytes: 4096,
  example: {
    blinded: '4vKuCmq8TnGohKlhxQBRX1jjC2qlgt2NtqZZReCNLXY',
    ground: 'search',
    reference: '6f1f9e6c-0f64-4a52-9d3d-0a2f5c9b7e11',
  },
  request: z.strictObject({ blinded: base64url.max(64), ground: z.enum(['seal', 'search']), reference: opaqueId }),
  response: z.strictObject({
    index: z.int().min(1).max(64),
    value: base64url.max(64),
    proof: z.json(),
  }),
});

/** A capsule together with what proves that it was anchored. */
export const anchoredCapsule = z.strictObject({
  anchor,
  institution: institutionId,
  section: sealedSection,
  index: z.int().nonnegative(),
  size: z.int().positive(),
  proof: z.array(hash).max(16),
});
export type AnchoredCapsule = z.infer<typeof anchoredCapsule>;

/** A reader with a granted request asks a leaf's vault for fragments of anchored capsules. */
export const releaseFragments = definePeerRoute({
  name: 'vault.release-fragments',
  path: '/peer/vault/fragments',
  audience: 'region',
  idempotent: true,
  maxBytes: 4 * 1024 * 1024,
  request: z.strictObject({
    requestId: hash,
    leaf: leafId,
    /** Opening of the request's deal commitment. */
    dealId: hash,
    salt: hash,
    /** Signed by a quorum of the region's ledgers within the lease. */
    views: z.array(view).min(1).max(32),
    capsules: z.array(anchoredCapsule).min(1).max(256),
  }),
  response: z.strictObject({
    leaf: leafId,
    institution: institutionId,
    boxed: boxedBytes,
    /** The custodian's audit key over the durable entry of this release. */
    receipt: z.json(),
    signature,
  }),
});

/** The same while the chain is away: an emergency's signed approvals stand in for the grant that nobody can commit. */
export const releaseEmergency = definePeerRoute({
  name: 'vault.release-emergency',
  path: '/peer/vault/emergency-fragments',
  audience: 'region',
  idempotent: true,
  maxBytes: 4 * 1024 * 1024,
  request: z.strictObject({
    request,
    /** The owner's permit: no chain shows what the owner decided. */
    receipt: decisionReceipt,
    approvals: z.array(emergencyApproval).min(1).max(32),
    leaf: leafId,
    dealId: hash,
    salt: hash,
    capsules: z.array(anchoredCapsule).min(1).max(256),
  }),
  response: releaseFragments.response,
});

/** The reader of the same institution searches a patient's anchors by the agreed identifier. */
export const findAnchors = definePeerRoute({
  name: 'vault.find-anchors',
  path: '/internal/vault/anchors/find',
  audience: 'institution',
  idempotent: true,
  maxBytes: 4096,
  example: {
    identifier: { system: 'urn:medshare:east:citizen', value: 'E-1985-0317-442' },
    reference: '6f1f9e6c-0f64-4a52-9d3d-0a2f5c9b7e11',
    purpose: 'TREAT',
  },
  request: z.strictObject({
    identifier: z.strictObject({ system: z.string().max(256), value: z.string().max(64) }),
    reference: opaqueId,
    purpose,
  }),
  response: z.strictObject({
    /** Manifests that could be fetched and whose hashes match their anchors. */
    records: z.array(z.strictObject({ institution: institutionId, anchor, manifest })).max(10_000),
    /** Anchors whose manifest is missing or does not match, named. */
    damaged: z.array(z.strictObject({ institution: institutionId, tag: hash, problem: z.string().max(64) })).max(1000),
  }),
});

/** The access role of the same institution asks which deals stand behind tags of its own records. */
export const findDeals = definePeerRoute({
  name: 'vault.find-deals',
  path: '/internal/vault/deals/find',
  audience: 'institution',
  idempotent: true,
  maxBytes: 1024 * 1024,
  example: { tags: ['3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'] },
  request: z.strictObject({ tags: z.array(hash).min(1).max(10_000) }),
  response: z.strictObject({
    deals: z
      .array(
        z.strictObject({
          deal: dealDocument,
          class: sensitivityClass,
          level: z.int().min(1).max(5),
          /** False until an authorized set of holders acknowledged its leaves. */
          shareable: z.boolean(),
          sections: z.int().positive(),
          /** HMAC of the patient's agreed identifier under the institution's patient key: what consents are bound to. */
          patient: hash.optional(),
        }),
      )
      .max(1000),
  }),
});

/** The same of everything that this institution holds of one patient, by the HMAC of an agreed identifier. */
export const findPatientDeals = definePeerRoute({
  name: 'vault.find-patient-deals',
  path: '/internal/vault/deals/of-patient',
  audience: 'institution',
  idempotent: true,
  maxBytes: 4096,
  example: { patient: '3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
  request: z.strictObject({ patient: hash }),
  response: findDeals.response,
});

/** The access role of the same institution asks what its vault holds of a deal. */
export const describeLeaves = definePeerRoute({
  name: 'vault.describe-leaves',
  path: '/internal/vault/leaves/describe',
  audience: 'institution',
  idempotent: true,
  maxBytes: 4096,
  request: z.strictObject({ dealId: hash }),
  response: z.strictObject({ leaves: z.array(leafId).max(64), formula: formulaDocument, dealer: institutionId }),
});

/** A custodian confirms that its own copy of the chain shows the revocation: from now on it releases nothing for the request. */
export const confirmRevocation = definePeerRoute({
  name: 'vault.confirm-revocation',
  path: '/peer/vault/revocations/confirm',
  audience: 'region',
  idempotent: true,
  maxBytes: 4096,
  request: z.strictObject({ requestId: hash }),
  response: z.strictObject({
    requestId: hash,
    institution: institutionId,
    /** Capsules for which this custodian had released fragments before. */
    released: z.int().nonnegative(),
    /** By the vault key, type `revocation-confirmed`, over the other fields. */
    signature,
  }),
});
