import { chmod, link, mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemRandom, type Random } from '@medshare/clock';
import { isProblem, problem } from '@medshare/problems';
import { KEY_BYTES, unwrap, wrap, wrappingKey, type WrappingKey } from './aes-wrap.js';
import type { KeyEncryption } from './keys.port.js';
import { readSecretFile } from './secret-file.js';

export interface FileKeysOptions {
  /** 32 bytes, mode 0600; made on first use */
  readonly path: string;
  /** files of earlier keys, which unwrap but no longer wrap */
  readonly previous?: readonly string[];
  readonly random?: Random;
}

const unusable = (path: string, detail: string, cause?: unknown) =>
  problem('config.invalid', { where: path, detail, cause });

const read = async (path: string): Promise<WrappingKey> => {
  const key = await readSecretFile(path);
  if (key.length !== KEY_BYTES) throw unusable(path, `a key is ${KEY_BYTES} bytes, not ${key.length}`);
  return wrappingKey(key);
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

/**
 * A key-encryption key in a file of its own, made at first use.
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
