import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import type { Random } from '@medshare/clock';
import { problem } from '@medshare/problems';

// How keys are wrapped where the wrapping key is at hand: version (1 byte) ‖ key id (8) ‖ nonce (12) ‖ AES-256-GCM ciphertext ‖ tag (16), with
// header and context authenticated. Nonces are random: NIST SP 800-38D section 8.3 allows 2^32 wraps under one key.

export const KEY_BYTES = 32;
const VERSION = 1;
const ID_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + ID_BYTES;
const MAX_KEY_BYTES = 4_096;

export interface WrappingKey {
  readonly id: Buffer;
  readonly key: Buffer;
}

/** The key's name: it tells which key a wrapped one needs, and nothing of the key. */
const idOf = (key: Buffer): Buffer =>
  createHash('sha256').update('medshare/key-encryption-key/id').update(key).digest().subarray(0, ID_BYTES);

/** @param key 32 bytes */
export const wrappingKey = (key: Buffer): WrappingKey => ({ id: idOf(key), key });

const checkContext = (context: string): Buffer => {
  if (context.length === 0 || context.length > 256) throw problem('crypto.invalid', { where: 'context' });
  return Buffer.from(context, 'utf8');
};

export const wrap = ({ id, key }: WrappingKey, random: Random, plain: Uint8Array, context: string): Uint8Array => {
  if (plain.length === 0 || plain.length > MAX_KEY_BYTES) throw problem('crypto.invalid', { where: 'key' });
  const header = Buffer.concat([Buffer.of(VERSION), id]);
  const nonce = random.bytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.concat([header, checkContext(context)]));
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  return new Uint8Array(Buffer.concat([header, nonce, sealed, cipher.getAuthTag()]));
};

export const unwrap = (keys: readonly WrappingKey[], wrapped: Uint8Array, context: string): Uint8Array => {
  const bytes = Buffer.from(wrapped);
  if (bytes.length > 0 && bytes[0] !== VERSION) throw problem('crypto.unsupported', { where: 'wrapped key' });
  if (bytes.length <= HEADER_BYTES + NONCE_BYTES + TAG_BYTES) throw problem('crypto.invalid', { where: 'wrapped key' });
  const header = bytes.subarray(0, HEADER_BYTES);
  const found = keys.find(({ id }) => id.equals(header.subarray(1)));
  if (!found)
    throw problem('vault.key-unavailable', { where: `key-encryption key ${header.subarray(1).toString('hex')}` });
  const nonce = bytes.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', found.key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.concat([header, checkContext(context)]));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    const body = bytes.subarray(HEADER_BYTES + NONCE_BYTES, -TAG_BYTES);
    return new Uint8Array(Buffer.concat([decipher.update(body), decipher.final()]));
  } catch {
    throw problem('crypto.invalid', { where: 'wrapped key' });
  }
};
