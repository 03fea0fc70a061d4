import type { Json } from '@medshare/chaincode-region/state';

/** A region's chain as one institution uses it. Drivers: embedded (this package), Hyperledger Fabric (field). */
export interface Ledger {
  /** Which ledger it is; views say it, so that nobody takes one for the other. */
  readonly kind: 'embedded' | 'fabric';
  /**
   * Runs a chaincode function and resolves when the institution's own peer has committed it.
   * Rejects with the chaincode's Problem when it refuses, with `ledger.*` when members disagree or cannot be reached.
   * Functions are idempotent by content: submitting the same arguments again after a crash changes nothing.
   */
  submit(fn: string, args: Json): Promise<Submitted>;
  /** A committed value (canonical JSON bytes) on the institution's own peer. */
  get(key: string): Promise<Uint8Array | undefined>;
  getMany(keys: readonly string[]): Promise<ReadonlyMap<string, Stored>>;
  /** Committed entries whose key starts with the prefix, in bytewise order of keys. */
  range(prefix: string): AsyncIterable<Stored>;
  height(): Promise<Head>;
  /** Committed blocks from number `from` on, then those to come, until the signal aborts. `number + 1` of the last is the cursor to keep. */
  blocks(from: number, signal: AbortSignal): AsyncIterable<CommittedBlock>;
  /** Whether a transaction could be committed now. Asks those who would have to take part, within seconds; never rejects for who is away. */
  reachability(): Promise<Reachability>;
  /**
   * Walks every block and the state of the institution's own peer, and names whatever does not verify.
   * @param onBlock told after each block; what it throws ends the walk
   */
  verify(onBlock?: (block: number) => void): AsyncIterable<ChainFinding>;
  close(): Promise<void>;
}

export interface Submitted {
  readonly txId: string;
  readonly block: number;
  readonly response: Json;
}

export interface Reachability {
  readonly reachable: boolean;
  /** Number of the last block of the own copy. */
  readonly height: number;
  /** Members, or organisations, that did not answer. */
  readonly away: readonly string[];
}

/** Number and hash (base64url) of the last committed block. */
export interface Head {
  readonly number: number;
  readonly hash: string;
}

export interface Stored {
  readonly key: string;
  readonly value: Uint8Array;
  /** Block that wrote it. */
  readonly block: number;
}

/** `valid`, or why a transaction in a block had no effect. */
export type ValidationCode =
  'valid' | 'mvcc-conflict' | 'phantom-read' | 'duplicate' | 'bad-signature' | 'policy-not-met' | 'malformed';

export interface CommittedTransaction {
  readonly txId: string;
  readonly function: string;
  readonly args: Json;
  readonly creator: string;
  /** Milliseconds since the epoch, chosen by the creator. */
  readonly time: number;
  readonly code: ValidationCode;
  readonly response: Json;
  /** Empty unless valid. */
  readonly events: readonly { readonly name: string; readonly value: Json }[];
}

export interface CommittedBlock {
  readonly number: number;
  readonly hash: string;
  /** Milliseconds since the epoch, by the orderer. */
  readonly time: number;
  readonly transactions: readonly CommittedTransaction[];
}

/** Something wrong in a copy of the chain. */
export interface ChainFinding {
  readonly kind: 'block' | 'chain' | 'signature' | 'transaction' | 'state';
  /** Block number, where one is meant. */
  readonly block?: number;
  /** State key or transaction id, where one is meant. */
  readonly id?: string;
  readonly detail: string;
}
