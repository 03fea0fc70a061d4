import { fromBase64url, suite, verifyDocument, type SuiteName } from '@medshare/crypto/portable';
import type { AuditEntry, AuditProof } from '@medshare/events';
import { saltedLeaf, verifyInclusion } from '@medshare/proofs';

export interface AuditTrust {
  suite: SuiteName;
  /** The institution's audit key, base64url, from the region's genesis. */
  auditKey: string;
  institution: string;
}

/**
 * Verifies offline that an entry stands in an institution's audit log under a signed checkpoint (RFC 9162, 2.1.3.2).
 * @returns the entry; throws an Error that says what does not hold
 */
export function verifyAuditProof(trust: AuditTrust, given: AuditProof): AuditEntry {
  const { checkpoint, index, entry, salt, proof } = given;
  const used = suite(trust.suite);
  const { institution, size, root } = checkpoint;
  if (institution !== trust.institution) throw new Error(`the checkpoint is of ${institution}`);
  const signed = verifyDocument(
    used,
    fromBase64url(trust.auditKey),
    'checkpoint',
    1,
    { institution, size, root },
    checkpoint.signature,
  );
  if (!signed) throw new Error('the checkpoint is not signed by the audit key');
  const hash = (...parts: Uint8Array[]) => used.hash(...parts);
  const leaf = saltedLeaf(hash, fromBase64url(salt), fromBase64url(entry));
  const included = verifyInclusion({
    hash,
    leaf,
    index,
    size,
    proof: proof.map(fromBase64url),
    root: fromBase64url(root),
  });
  if (!included) throw new Error('the entry is not under the checkpoint');
  const parsed = JSON.parse(new TextDecoder().decode(fromBase64url(entry))) as AuditEntry;
  if (parsed.id !== given.entryId) throw new Error('the proof is of another entry');
  return parsed;
}
