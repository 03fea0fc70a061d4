import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, systemRandom } from '@medshare/clock';
import {
  createEmbeddedProvider,
  type EmbeddedProvider,
  type EmbeddedProviderOptions,
} from '@medshare/identity/embedded-oidc.driver';
import { z } from 'zod';
import type { Config } from '../config.js';
import { callbackUrl, consoleClient, signedOutUrl } from './public-url.js';

/** Service accounts of an embedded provider: `<data>/identity/accounts.json`, mode 0600. */
export const accountsFile = z.strictObject({
  version: z.literal(1),
  accounts: z.array(z.strictObject({ clientId: z.string(), secret: z.string(), roles: z.array(z.string()) })).max(100),
});

export const identityFolder = (data: string): string => join(data, 'identity');
export const accountsPath = (data: string): string => join(identityFolder(data), 'accounts.json');

export async function openProvider(
  config: Config,
  onLogin: EmbeddedProviderOptions['onLogin'],
): Promise<EmbeddedProvider> {
  const { institution, data, identity } = config;
  const folder = identityFolder(data);
  const { accounts } = accountsFile.parse(JSON.parse(await readFile(accountsPath(data), 'utf8')));
  const baseUrl = identity.issuer.slice(0, identity.issuer.indexOf('/realms/'));
  return createEmbeddedProvider({
    baseUrl,
    institution,
    folder,
    serviceAccounts: accounts,
    clients: [{ clientId: consoleClient, redirectUris: [callbackUrl(config)], signedOutUris: [signedOutUrl(config)] }],
    ...(onLogin ? { onLogin } : {}),
    clock: systemClock,
    random: systemRandom,
  });
}
