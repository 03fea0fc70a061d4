import { suite, toBase64url, utf8, canonical } from '@medshare/crypto';
import type { Anchor, Region } from '@medshare/events/chain';
import { leafHash, rootOf } from '@medshare/proofs';

/** @returns base64url of the root of the RFC 9162 tree (section 2.1.1) whose leaves are the anchors' canonical JSON, under the region's suite */
export function batchRoot(region: Region, anchors: readonly Anchor[]): string {
  const used = suite(region.suite);
  const hash = (...parts: readonly Uint8Array[]): Uint8Array => used.hash(...parts);
  return toBase64url(rootOf(hash, batchLeaves(region, anchors)));
}

/** @returns the leaf hashes of a batch, for an inclusion proof against its root */
export function batchLeaves(region: Region, anchors: readonly Anchor[]): Uint8Array[] {
  const used = suite(region.suite);
  const hash = (...parts: readonly Uint8Array[]): Uint8Array => used.hash(...parts);
  return anchors.map((anchor) => leafHash(hash, utf8(canonical(anchor))));
}
