/**
 * The world state as a transaction sees it: what is committed, never its own writes (as on Hyperledger Fabric).
 * Keys are ordered bytewise by their UTF-8 form. Reads may be made concurrently; their order does not matter.
 */
export interface State {
  get(key: string): Promise<Uint8Array | undefined>;
  put(key: string, value: Uint8Array): void;
  del(key: string): void;
  /** Committed keys k with start ≤ k < end. */
  range(start: string, end: string): Promise<readonly Entry[]>;
}

export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
}

/** Everything a function may depend on besides its argument. */
export interface Context {
  readonly txId: string;
  /** Time that the creator chose, milliseconds since the epoch; endorsers refuse one far from their clock. */
  readonly time: number;
  /** Institution that signed the proposal. */
  readonly creator: string;
  readonly state: State;
  emit(event: ChaincodeEvent): void;
}

export interface ChaincodeEvent {
  readonly name:
    'anchored' | 'conflict' | 'requested' | 'approved' | 'granted' | 'revoked' | 'emergency' | 'checkpointed';
  readonly value: Json;
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Takes a parsed JSON argument, refuses with a Problem, and answers with a JSON document. */
export type ChaincodeFunction = (context: Context, args: unknown) => Promise<Json>;

export interface Chaincode {
  readonly name: string;
  readonly version: string;
  readonly functions: Readonly<Record<string, ChaincodeFunction>>;
}
