import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, systemRandom, type Clock, type Random } from '@medshare/clock';
import { isProblem, problem } from '@medshare/problems';
import { KEY_BYTES, unwrap, wrap, wrappingKey, type WrappingKey } from './aes-wrap.js';
import type { KeyEncryption } from './keys.port.js';
import { readSecretFile } from './secret-file.js';

export interface MountedKeysOptions {
  /** a folder of keys: `current` wraps, every other file unwraps too */
  readonly folder: string;
  readonly random?: Random;
  readonly clock?: Pick<Clock, 'now'>;
}

/** Keys of one folder at most: one a year for longer than anybody keeps a program. */
const MAX_KEYS = 64;
/** How long a folder is believed not to have changed, ms. */
const FRESH_MS = 30_000;
/** Between two looks for a key that is not there, ms: wrapped keys of others' making must not make us read files all day. */
const MISSING_MS = 1_000;

interface Keyring {
  readonly current: WrappingKey;
  readonly all: readonly WrappingKey[];
  readonly readAt: number;
}

const unusable = (where: string, detail: string, cause?: unknown) =>
  problem('config.invalid', { where, detail, cause });

/** Secrets are made by people and tools as bytes, hex or base64; each spells 32 bytes, and none can be taken for another. */
const decode = (content: Buffer): Buffer | undefined => {
  if (content.length === KEY_BYTES) return content;
  const text = content.toString('latin1').trim();
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, 'hex');
  return /^[A-Za-z0-9+/_-]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : undefined;
};

const readKey = async (path: string): Promise<WrappingKey> => {
  const key = decode(await readSecretFile(path, { most: 256 }));
  if (!key) throw unusable(path, `a key is ${KEY_BYTES} bytes, as they are, in hex or in base64`);
  return wrappingKey(key);
};

const readKeyring = async (folder: string, readAt: number): Promise<Keyring> => {
  try {
    // `..data` and its like are how Kubernetes changes all files of a secret at once
    const names = (await readdir(folder)).filter((name) => !name.startsWith('.'));
    if (!names.includes('current')) throw unusable(folder, 'there is no key `current`');
    if (names.length > MAX_KEYS) throw unusable(folder, `more than ${MAX_KEYS} keys`);
    const current = await readKey(join(folder, 'current'));
    const others = await Promise.all(
      names.filter((name) => name !== 'current').map((name) => readKey(join(folder, name))),
    );
    return { current, all: [current, ...others], readAt };
  } catch (caught) {
    throw isProblem(caught) ? caught : unusable(folder, 'the keys cannot be read', caught);
  }
};

/**
 * Key-encryption keys in a folder that somebody else fills and several replicas read: a mounted secret. Read again when it may have
 * changed, so that a rotation needs no restart: add the new key under any name, wait until every replica has it, then make it `current` and
 * keep the former one under another name. A folder that cannot be read any more changes nothing until the next start.
 *
 * @throws Problem `config.invalid` for a folder without a usable `current`, or with a file that is no key or that others may read
 */
export const openMountedKeys = async ({
  folder,
  random = systemRandom,
  clock = systemClock,
}: MountedKeysOptions): Promise<KeyEncryption> => {
  let keyring = await readKeyring(folder, clock.now());
  let reading: Promise<void> | undefined;
  const readAgain = (age: number): Promise<void> => {
    if (clock.now() - keyring.readAt < age) return Promise.resolve();
    const readAt = clock.now();
    reading ??= readKeyring(folder, readAt)
      .catch(() => ({ ...keyring, readAt }))
      .then((read) => void (keyring = read))
      .finally(() => (reading = undefined));
    return reading;
  };
  return {
    async wrap(key, context) {
      await readAgain(FRESH_MS);
      return wrap(keyring.current, random, key, context);
    },
    async unwrap(wrapped, context) {
      try {
        return unwrap(keyring.all, wrapped, context);
      } catch (caught) {
        if (!isProblem(caught) || caught.code !== 'vault.key-unavailable') throw caught;
      }
      await readAgain(MISSING_MS);
      return unwrap(keyring.all, wrapped, context);
    },
  };
};
