import { member, region as regionShape } from '@medshare/events/chain';
import { base64url, hash, institutionId, signature, suiteName } from '@medshare/events/scalars';
import { z } from 'zod';

// What institutions exchange to found a region together.

const version = z.literal(1);
const quorum = z.int().min(1).max(64);

/** What the members of a region agree on before its first block: a file that all have alike. */
export const agreementFile = z.strictObject({
  version,
  region: regionShape.shape.region,
  suite: suiteName,
  /** their order gives the index of each one's share of the index key; the first orders on the embedded ledger */
  members: z.array(institutionId).min(1).max(64),
  endorsements: quorum,
  viewQuorum: quorum,
  oprfThreshold: quorum,
  identifierSystems: regionShape.shape.identifierSystems,
});
export type Agreement = z.infer<typeof agreementFile>;

/** What an institution publishes of itself. Nothing in it is secret; that it is theirs, the others must know from them. */
export const memberFile = z.strictObject({
  version,
  ...member.shape,
  suite: suiteName,
  /** where its peers reach it */
  peerUrl: z.string().regex(/^https:\/\/[^/?#@]+$/, 'must be https, a host, and nothing behind it'),
  /** certificate of its authority, PEM: what the others pin */
  ca: z.string().startsWith('-----BEGIN CERTIFICATE-----').max(8192),
});
export type MemberFile = z.infer<typeof memberFile>;

/** One member's part of the index key that nobody knows: commitments for all, and for each a share that only it can open. */
export const dealFile = z.strictObject({
  version,
  dealer: institutionId,
  /** hash of agreement and members, so that a deal serves no other founding */
  terms: hash,
  commitments: z.array(base64url.length(43)).min(1).max(64),
  shares: z.array(z.strictObject({ to: institutionId, box: base64url.max(500) })).max(64),
  signature,
});
export type DealFile = z.infer<typeof dealFile>;
