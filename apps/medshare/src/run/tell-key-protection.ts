import type { Logger } from '@medshare/telemetry';
import type { Config } from '../config.js';

/**
 * Says at every start of a deployment in the field that nothing but a file's permissions, or the secret store that it comes from, protects the
 * institution's keys. The demo says it of everything at once.
 */
export function tellKeyProtection(
  { keys, identity }: Pick<Config, 'keys' | 'identity'>,
  logger: Pick<Logger, 'warn'>,
): void {
  if (identity.embedded) return;
  if (keys.startsWith('file:'))
    logger.warn(
      {},
      'the key-encryption key is a file: whoever reads it and the database has all keys of the institution',
    );
  if (keys.startsWith('mounted:'))
    logger.warn(
      {},
      'the secret store alone protects the key-encryption key: whoever reads it and the database has all keys of the institution',
    );
}
