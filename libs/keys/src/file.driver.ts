import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemRandom, type Random } from '@medshare/clock';
import { isProblem, problem } from '@medshare/problems';
import type { KeyEncryption } from './keys.port.js';

export interface FileKeysOptions {
  /** 32 bytes, mode 0600; made on first use */
  readonly path: string;
  /** files of earlier keys, which unwrap but no longer wrap */
  readonly previous?: readonly string[];
  readonly random?: Random;
}

const KEY_BYTES = 32;
const VERSION = 1;
const ID_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + ID_BYTES;
const MAX_KEY_BYTES = 4_096;

interface WrappingKey {
  readonly id: Buffer;
  readonly key: Buffer;
}

const unusable = (path: string, detail: string, cause?: unknown) =>
  problem('config.invalid', { where: path, detail, cause });

/** the key's name: it tells which file a wrapped key needs, and nothing of the key */
const idOf = (key: Buffer): Buffer =>
  createHash('sha256').update('medshare/key-encryption-key/id').update(key).digest().subarray(0, ID_BYTES);

const read = async (path: string): Promise<WrappingKey> => {
  const { mode } = await stat(path);
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) throw unusable(path, 'others may read the key: chmod 600');
  const key = await readFile(path);
  if (key.length !== KEY_BYTES) throw unusable(path, `a key is ${KEY_BYTES} bytes, not ${key.length}`);
  return { id: idOf(key), key };
};

const syncFolder = async (path: string): Promise<void> => {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
};

/** Written whole under another name and then linked: of two processes that begin together one wins, and no half key is ever seen. */
const make = async (path: string, random: Random): Promise<void> => {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${random.uuid()}`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await chmod(temporary, 0o600);
    await file.writeFile(random.bytes(KEY_BYTES));
    await file.sync();
    await link(temporary, path).catch((caught: NodeJS.ErrnoException) => {
      if (caught.code !== 'EEXIST') throw caught;
    });
    await syncFolder(dirname(path));
  } finally {
    await file.close();
    await rm(temporary, { force: true });
  }
};

const openKey = async (path: string, random: Random | undefined): Promise<WrappingKey> => {
  try {
    const missing = await stat(path).then(
      () => false,
      (caught: NodeJS.ErrnoException) => caught.code === 'ENOENT',
    );
    if (missing && random) await make(path, random);
    return await read(path);
  } catch (caught) {
    throw isProblem(caught) ? caught : unusable(path, 'the key cannot be read or made', caught);
  }
};

const checkContext = (context: string): Buffer => {
  if (context.length === 0 || context.length > 256) throw problem('crypto.invalid', { where: 'context' });
  return Buffer.from(context, 'utf8');
};

const wrap = ({ id, key }: WrappingKey, random: Random, plain: Uint8Array, context: string): Uint8Array => {
  if (plain.length === 0 || plain.length > MAX_KEY_BYTES) throw problem('crypto.invalid', { where: 'key' });
  const header = Buffer.concat([Buffer.of(VERSION), id]);
  const nonce = random.bytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.concat([header, checkContext(context)]));
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  return new Uint8Array(Buffer.concat([header, nonce, sealed, cipher.getAuthTag()]));
};

const unwrap = (keys: readonly WrappingKey[], wrapped: Uint8Array, context: string): Uint8Array => {
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

/**
 * A key-encryption key in a file. Wrapped keys are version (1 byte) ‖ key id (8) ‖ nonce (12) ‖ AES-256-GCM ciphertext ‖ tag (16), with
 * header and context authenticated. Nonces are random: NIST SP 800-38D section 8.3 allows 2^32 wraps under one key.
 *
 * @throws Problem `config.invalid` for a file that is no key or that others may read
 */
export const openFileKeys = async ({
  path,
  previous = [],
  random = systemRandom,
}: FileKeysOptions): Promise<KeyEncryption> => {
  const current = await openKey(path, random);
  const keys = [current, ...(await Promise.all(previous.map((each) => openKey(each, undefined))))];
  return {
    wrap: async (key, context) => Promise.resolve(wrap(current, random, key, context)),
    unwrap: async (wrapped, context) => Promise.resolve(unwrap(keys, wrapped, context)),
  };
};
