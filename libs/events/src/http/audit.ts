import { z } from 'zod';
import { checkpoint } from '../chain.js';
import { base64url, hash, millis, opaqueId } from '../scalars.js';

/** `GET /audit/entries/{id}/proof`: everything needed to verify one entry offline. */
export const auditProof = z.strictObject({
  entryId: opaqueId,
  index: millis,
  /** Canonical JSON of the entry, exactly as hashed. */
  entry: base64url.max(100_000),
  salt: base64url.max(64),
  checkpoint: checkpoint,
  proof: z.array(hash).max(64),
});
export type AuditProof = z.infer<typeof auditProof>;

/** `GET /audit/consistency?from=&to=` (RFC 9162, 2.1.4). */
export const auditConsistency = z.strictObject({ from: checkpoint, to: checkpoint, proof: z.array(hash).max(128) });
