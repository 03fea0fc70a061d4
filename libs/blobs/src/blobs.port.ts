/** Most bytes of one blob, where nothing else is set: 1 GiB. */
export const maxBlobBytes = 1_073_741_824;

export interface StoredBlob {
  /** CIDv1 as kubo gives it: raw leaves, chunks of 262144 bytes, 174 links, SHA-256 */
  readonly cid: string;
  /** bytes */
  readonly size: number;
}

/** Sealed bytes by their address. */
export interface Blobs {
  /** Whole copies that a blob has when it counts as stored. */
  readonly wanted: number;
  /**
   * Resolves when durable. Storing the same bytes again changes nothing (and mends a damaged copy).
   * @throws Problem `request.too-large`, `storage.unavailable`
   */
  put(content: AsyncIterable<Uint8Array> | Uint8Array): Promise<StoredBlob>;
  /**
   * Every block is checked against its hash before a byte of it is given; blocks already given stay good.
   * @throws Problem `blob.tampered` and `blob.missing` (`where` is the CID), `request.invalid` for what is no CID, `storage.unavailable`
   */
  get(cid: string): AsyncIterable<Uint8Array>;
  /** Whether it is stored here (not whether it could be fetched). */
  has(cid: string): Promise<boolean>;
  /**
   * What each place has where the blob is kept, read there alone as `get` reads: nothing is fetched, and no place helps another out. None
   * when it is not stored here. Each must be read, to its end or until it throws. What a store does with its own disks is not seen.
   * @throws Problem `storage.unavailable` when no place could be asked; a place that could not be asked is left out
   */
  copies(cid: string): Promise<readonly AsyncIterable<Uint8Array>[]>;
  /** Every blob stored here, in no order. */
  list(): AsyncIterable<string>;
  /** What is not there is removed already. */
  remove(cid: string): Promise<void>;
}
