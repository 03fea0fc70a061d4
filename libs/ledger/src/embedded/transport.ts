import type {
  BlocksRequest,
  BlocksResponse,
  EndorseResponse,
  OrderResponse,
  SignedProposal,
  Transaction,
} from './messages.js';

/**
 * How members reach each other; in production mutual-TLS HTTP, each call authenticated as the calling institution. Rejects with a
 * Problem: `peer.unavailable` (or any transient one) when the member cannot be reached, its own refusal otherwise.
 */
export interface Transport {
  endorse(institution: string, proposal: SignedProposal, signal?: AbortSignal): Promise<EndorseResponse>;
  /** Resolves when the block that holds the transaction is durable at the orderer; the same transaction again gives the same block. */
  order(transaction: Transaction, signal?: AbortSignal): Promise<OrderResponse>;
  /** Blocks from a member's copy; waits up to `waitMs` for the first one, and answers with none after that. */
  blocks(institution: string, request: BlocksRequest, signal?: AbortSignal): Promise<BlocksResponse>;
}

/** What a member answers to the other members; whoever carries messages calls these. */
export interface Member {
  endorse(proposal: SignedProposal): Promise<EndorseResponse>;
  /** Only the orderer accepts. */
  order(transaction: Transaction): Promise<OrderResponse>;
  blocks(request: BlocksRequest, signal?: AbortSignal): Promise<BlocksResponse>;
}
