import type { ValidationCode } from '../ledger.port.js';
import type { StateVersion } from './messages.js';

/** A member's own copy of the chain: blocks as bytes, the state they come to, and where each transaction is. */
export interface ChainStore {
  head(): Promise<{ number: number; hash: string; time: number } | undefined>;
  /** In one durable transaction: the block, its transactions' codes and the writes of the valid ones. Refuses a number that is not the next. */
  commit(commit: BlockCommit): Promise<void>;
  /** Blocks from `from`, ascending, up to `limit` blocks or `maxBytes` bytes (one block at least). */
  blocks(from: number, limit: number, maxBytes: number): Promise<readonly StoredBlock[]>;
  getMany(keys: readonly string[]): Promise<ReadonlyMap<string, VersionedEntry>>;
  /** start ≤ key < end, bytewise. */
  range(start: string, end: string, limit?: number): Promise<readonly VersionedEntry[]>;
  /** Which of these transactions are committed, and as what. */
  transactions(ids: readonly string[]): Promise<ReadonlyMap<string, StoredTransaction>>;
}

export interface VersionedEntry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly version: Exclude<StateVersion, null>;
}

export interface StoredTransaction {
  readonly block: number;
  readonly index: number;
  readonly code: ValidationCode;
}

export interface StoredBlock {
  readonly number: number;
  readonly hash: string;
  readonly text: string;
  /** One a transaction, in order. */
  readonly codes: readonly ValidationCode[];
  /** The member's own signature of what it committed, type `commit`, over {institution, number, hash, codes}. */
  readonly signature: string;
}

export interface BlockCommit extends StoredBlock {
  readonly time: number;
  /** Ids in order; a duplicate id is indexed by its first occurrence. */
  readonly ids: readonly string[];
  readonly writes: readonly { readonly key: string; readonly value: string | null; readonly index: number }[];
}
