import { z } from 'zod';
import { base64url, hash, institutionId, millis, opaqueId, signature } from '../scalars.js';

/** A signed head of an institution's audit log; type `checkpoint`, signed over {institution, size, root, time}. */
export const signedCheckpoint = z.strictObject({
  institution: institutionId,
  size: millis,
  root: hash,
  time: millis,
  signature,
});
export type SignedCheckpoint = z.infer<typeof signedCheckpoint>;

/** `GET /audit/entries/{id}/proof`: everything needed to verify one entry offline. */
export const auditProof = z.strictObject({
  entryId: opaqueId,
  index: millis,
  /** Canonical JSON of the entry, exactly as hashed. */
  entry: base64url.max(100_000),
  salt: base64url.max(64),
  checkpoint: signedCheckpoint,
  proof: z.array(hash).max(64),
});
export type AuditProof = z.infer<typeof auditProof>;

/** `GET /audit/consistency?from=&to=` (RFC 9162, 2.1.4). */
export const auditConsistency = z.strictObject({ from: signedCheckpoint, to: signedCheckpoint, proof: z.array(hash).max(128) });
