/** Wraps keys under a key that never leaves its driver. */
export interface KeyEncryption {
  /**
   * @param key 1 to 4096 bytes
   * @param context what the key is for, 1 to 256 characters; authenticated, not kept
   * @returns versioned bytes that name the wrapping key
   */
  wrap(key: Uint8Array, context: string): Promise<Uint8Array>;
  /** @throws Problem `crypto.invalid` when bytes or context are not those of a wrap, `crypto.unsupported`, `vault.key-unavailable` */
  unwrap(wrapped: Uint8Array, context: string): Promise<Uint8Array>;
}
