import { z } from 'zod';
import { formulaDocument } from './chain.js';
import { base64url, cid, hash, institutionId, millis, publicKey, signature, suiteName } from './scalars.js';

/** A section's place in the sealed record; opaque to whoever holds no grant. */
export const sealedSection = z.strictObject({
  /** Random opaque id, associated data of the sealing. */
  section: z.uuid(),
  cid,
  /** Bytes of ciphertext. */
  size: millis,
  epoch: millis,
  /** H(salt, plaintext bytes): the leaf of the record root. */
  content: hash,
  /** Absent for the source's own bytes, which are never shareable. */
  capsule: z
    .strictObject({
      version: z.literal(1),
      deal: hash,
      section: z.string().max(64),
      E: publicKey,
      T: publicKey,
      z: hash,
    })
    .optional(),
});
export type SealedSection = z.infer<typeof sealedSection>;

/** The sealed manifest of one record: stored encrypted under a key that the patient's index key gives. */
export const manifest = z.strictObject({
  version: z.literal(1),
  suite: suiteName,
  region: z.string().max(32),
  institution: institutionId,
  record: z.uuid(),
  tag: hash,
  /** Merkle root over the sections' `content`. */
  recordRoot: hash,
  /** Merkle root over the sections as they stand here (ciphertext and capsules). */
  sealRoot: hash,
  sections: z.array(sealedSection).min(1).max(256),
  /** The institution's vault key over {record, recordRoot}, type `record`. */
  signature,
});
export type Manifest = z.infer<typeof manifest>;

/** The public part of a dealt delegating key (see @medshare/crypto deal). */
export const dealDocument = z.strictObject({
  version: z.literal(1),
  suite: suiteName,
  formula: formulaDocument,
  about: z.strictObject({
    region: z.string().max(32),
    institution: institutionId,
    episode: z.string().max(64),
    class: z.string().max(64),
    epoch: millis,
  }),
  root: publicKey,
  gates: z.record(z.string().max(16), z.array(publicKey).max(20)),
  leaves: z.record(z.string().max(82), publicKey),
  key: publicKey,
  id: hash,
});

export const boxedBytes = base64url.max(8_000_000);
