import { z } from 'zod';

// The sections `ipfs` and `s3`: where sealed bytes are kept when it is not a folder.

const text = (longest: number) => z.string().min(1).max(longest);
const path = text(4096);
const count = (max: number) => z.int().min(1).max(max);
const httpUrl = z
  .string()
  .max(4096)
  .refine((url) => URL.canParse(url) && /^https?:\/\/[^?#@]+$/.test(url), 'must be an http or https URL');
const milliseconds = count(600_000).default(10_000);

export const ipfsSection = z.strictObject({
  nodes: z
    .array(httpUrl)
    .max(16)
    .default([])
    .describe('RPC addresses of the nodes (kubo) of the private swarm; they serve this institution alone.'),
  copies: count(16)
    .optional()
    .describe('Nodes that must have pinned a blob when it counts as stored; 2, or 1 where there is one node.'),
  user: text(255).optional().describe('User of the RPC, where the nodes ask for one (`API.Authorizations`, basic).'),
  passwordFile: path
    .optional()
    .describe("File with the user's password; a secret, for its owner's eyes only. Read at start."),
  timeout: milliseconds.describe('Milliseconds in which a node must say something.'),
});

export const s3Section = z.strictObject({
  region: text(63).default('us-east-1').describe('Region of the bucket.'),
  endpoint: httpUrl.optional().describe("Address of a store that is not Amazon's."),
  authorities: path.optional().describe("File with the endpoint's authorities (PEM); the system's when left out."),
  accessKeyId: text(255)
    .optional()
    .describe('Who we are to the store; left out, the environment, the pod or the machine says it.'),
  secretAccessKeyFile: path
    .optional()
    .describe("File with its secret; a secret, for its owner's eyes only. Read again every ten minutes."),
  lockDays: count(36_500)
    .optional()
    .describe(
      'Days for which the store refuses to delete a blob, whoever asks (object lock, compliance mode). The bucket must have object lock on.',
    ),
  timeout: milliseconds.describe('Milliseconds in which the store must say something.'),
});

interface BlobParts {
  blobs: string;
  ipfs: z.output<typeof ipfsSection>;
  s3: z.output<typeof s3Section>;
}

const bucketUrl = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([A-Za-z0-9._/-]{0,200}))?$/;

/** Bucket and what its keys begin with; undefined for what is no such URL. */
export function bucketOf(blobs: string): { bucket: string; prefix: string } | undefined {
  const found = bucketUrl.exec(blobs);
  return found ? { bucket: found[1] ?? '', prefix: found[2] ?? '' } : undefined;
}

/** What goes with the scheme of `blobs`; a section that is not used is not looked at. */
export function blobRules({ blobs, ipfs, s3 }: BlobParts, context: z.RefinementCtx): void {
  const mistake = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  if (blobs.startsWith('ipfs:')) {
    if (ipfs.nodes.length === 0) mistake(['ipfs', 'nodes'], 'is missing');
    if (ipfs.copies !== undefined && ipfs.copies > ipfs.nodes.length)
      mistake(['ipfs', 'copies'], 'must not be more than there are ipfs.nodes');
    if ((ipfs.user === undefined) !== (ipfs.passwordFile === undefined))
      mistake(['ipfs', ipfs.user === undefined ? 'user' : 'passwordFile'], 'is missing');
  }
  if (blobs.startsWith('s3:')) {
    if (!bucketOf(blobs)) mistake(['blobs'], 'must be s3://bucket, or s3://bucket/ and what keys begin with');
    if ((s3.accessKeyId === undefined) !== (s3.secretAccessKeyFile === undefined))
      mistake(['s3', s3.accessKeyId === undefined ? 'accessKeyId' : 'secretAccessKeyFile'], 'is missing');
  }
}
