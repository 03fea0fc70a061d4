import { base64url, hash, institutionId, millis, signature } from '@medshare/events/scalars';
import { z } from 'zod';

/** What members of an embedded ledger send each other and keep; every one is canonical JSON when it is hashed or signed. */
const version = z.literal(1);
const stateKey = z.string().regex(/^[!-~]{1,256}$/, 'must be 1 to 256 visible ASCII characters');

/** A wish to run a function. Its hash (type `proposal`) is the transaction's id. */
export const proposal = z.strictObject({
  version,
  region: z.string().max(32),
  creator: institutionId,
  function: z.string().max(40),
  args: z.json(),
  time: millis,
  /** Makes two wishes with the same content two transactions. */
  nonce: base64url.length(22),
});
export type Proposal = z.infer<typeof proposal>;

/** Signed by the creator's ledger key, type `proposal`. */
export const signedProposal = z.strictObject({ proposal, signature });
export type SignedProposal = z.infer<typeof signedProposal>;

/** Where a value was written: block number and index of the transaction in it; null if the key was absent. */
export const stateVersion = z.tuple([millis, millis]).nullable();
export type StateVersion = z.infer<typeof stateVersion>;

const read = z.strictObject({ key: stateKey, version: stateVersion });

/** What an execution saw and wants to change, sorted by key. Values are canonical JSON text; null deletes. */
export const rwset = z.strictObject({
  reads: z.array(read).max(5000),
  ranges: z.array(z.strictObject({ start: stateKey, end: stateKey, reads: z.array(read).max(5000) })).max(100),
  writes: z.array(z.strictObject({ key: stateKey, value: z.string().max(1_000_000).nullable() })).max(5000),
});
export type ReadWriteSet = z.infer<typeof rwset>;

const event = z.strictObject({ name: z.string().max(40), value: z.json() });

/** What an execution came to; all honest members at one height come to the same. */
export const executed = z.strictObject({
  kind: z.literal('done'),
  rwset,
  response: z.json(),
  events: z.array(event).max(1000),
});
export type Executed = z.infer<typeof executed>;

export const outcome = z.discriminatedUnion('kind', [
  executed,
  z.strictObject({
    kind: z.literal('refused'),
    code: z.string().max(64),
    where: z.string().max(256).optional(),
    detail: z.string().max(512).optional(),
  }),
]);
export type Outcome = z.infer<typeof outcome>;

/** A member's word on an outcome, signed by its ledger key, type `endorsement`, over all but `signature`. */
export const endorsement = z.strictObject({
  version,
  institution: institutionId,
  /** Hash of the proposal. */
  proposal: hash,
  /** Hash of the outcome: read set, write set, response and events. */
  outcome: hash,
  chaincode: hash,
  /** Last block of the member's copy when it executed, and that block's hash. */
  height: millis,
  head: hash,
  signature,
});
export type Endorsement = z.infer<typeof endorsement>;

/** Answer of a member that was asked to endorse. */
export const endorseResponse = z.strictObject({ endorsement, outcome });
export type EndorseResponse = z.infer<typeof endorseResponse>;

/** What is ordered: an executed proposal with the endorsements that agree on it. */
export const transaction = z.strictObject({
  proposal,
  signature,
  outcome: executed,
  endorsements: z.array(endorsement).min(1).max(64),
});
export type Transaction = z.infer<typeof transaction>;

/** The orderer's answer: the block that holds the transaction, valid or not. */
export const orderResponse = z.strictObject({ txId: hash, block: millis });
export type OrderResponse = z.infer<typeof orderResponse>;

export const blockHeader = z.strictObject({
  version,
  region: z.string().max(32),
  number: millis,
  previousHash: hash,
  time: millis,
  /** Hash of the transactions, type `transactions`. */
  dataHash: hash,
});
export type BlockHeader = z.infer<typeof blockHeader>;

/** `signature` by the orderer's ledger key, type `block`, over the header. The genesis (number 0) has a proposal and no signatures. */
export const block = z.strictObject({
  header: blockHeader,
  signature: signature.nullable(),
  transactions: z.array(z.json()).max(10_000),
});
export type Block = z.infer<typeof block>;

/** Canonical JSON texts of consecutive blocks. */
export const blocksResponse = z.strictObject({ blocks: z.array(z.string().max(16_000_000)).max(1000) });
export type BlocksResponse = z.infer<typeof blocksResponse>;

export const blocksRequest = z.strictObject({
  from: millis,
  limit: z.int().min(1).max(1000),
  waitMs: z.int().min(0).max(60_000),
});
export type BlocksRequest = z.infer<typeof blocksRequest>;
