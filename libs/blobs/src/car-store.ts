import type { CID } from 'multiformats/cid';

/** A blob as one CAR, ready to be sent as often as needed. */
export interface Car {
  readonly root: CID;
  /** of every block, in the order of the CAR */
  readonly cids: readonly CID[];
  /** bytes of the CAR */
  readonly size: number;
  /** SHA-256 of the CAR */
  readonly sha256: Uint8Array;
  bytes(): AsyncIterable<Uint8Array>;
}

/** One copy of a blob somewhere, as it comes from there; the reader checks it. */
export interface Copy {
  /** a CAR; blocks that stood before may be left out. @throws when the line breaks; what is not there ends it */
  readonly car: AsyncIterable<Uint8Array>;
  /** ways to get one block by itself, the best first; undefined when it is not there. @throws when that cannot be told */
  readonly blocks?: readonly ((cid: CID) => Promise<Uint8Array | undefined>)[];
}

/** What keeps CARs. What is thrown is a Problem, or means that the store cannot be used now. */
export interface CarStore {
  /** Copies that a blob has when `write` resolves. */
  readonly wanted: number;
  /** Resolves when durable, replacing whatever stands there. */
  write(car: Car): Promise<void>;
  /** Every place where the blob should be whole; none when it is not here. @throws when no place could be asked */
  copies(root: CID): Promise<readonly Copy[]>;
  /** The blob from wherever it comes best; undefined when it is not here. */
  read(root: CID): Promise<Copy | undefined>;
  has(root: CID): Promise<boolean>;
  list(): AsyncIterable<string>;
  remove(root: CID): Promise<void>;
}
