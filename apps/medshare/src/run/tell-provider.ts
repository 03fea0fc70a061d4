import { reachProvider } from '@medshare/identity';
import { asProblem } from '@medshare/problems';
import type { Logger } from '@medshare/telemetry';
import type { Config } from '../config.js';
import { authoritiesOf } from './setting-files.js';

/**
 * Says at the start that the provider of sign-ins is not there, or is not believed. The process goes on: whoever brings a token is refused until
 * it is, and what needs none is done meanwhile.
 */
export async function tellProvider(
  { identity }: Pick<Config, 'identity'>,
  logger: Pick<Logger, 'warn'>,
): Promise<void> {
  if (identity.embedded) return;
  const { issuer } = identity;
  await reachProvider({ issuer, authorities: authoritiesOf(identity) }).catch((caught: unknown) => {
    const { code, where, detail = '' } = asProblem(caught);
    logger.warn({ code, where }, `nobody can sign in until the provider is there: ${detail}`);
  });
}
