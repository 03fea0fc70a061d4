import { systemClock, systemRandom } from '@medshare/clock';
import { frame, suite } from '@medshare/crypto';
import { ConsoleSession } from '@medshare/identity/console-session';
import type { TokenVerifier } from '@medshare/identity';
import type { Config } from '../config.js';
import type { auditLogins } from './audit-logins.js';
import { callbackUrl, consoleClient, publicUrl, signedOutUrl } from './public-url.js';
import { authoritiesOf } from './setting-files.js';

/** What seals the cookies: the same in every replica, and of no use for anything else of the secret that it comes from. */
export const sessionKey = (secret: Uint8Array): Uint8Array => suite('intl').hmac(secret, frame('medshare/session/1'));

interface Parts {
  verifier: TokenVerifier;
  key: Uint8Array;
  /** Where sign-ins at the provider are not audited already, and this process can. */
  onLogin: ReturnType<typeof auditLogins> | undefined;
}

export function openSession(config: Config, { verifier, key, onLogin }: Parts): ConsoleSession {
  const { institution, identity } = config;
  return new ConsoleSession({
    issuer: identity.issuer,
    clientId: consoleClient,
    authorities: authoritiesOf(identity),
    institution,
    publicUrl: publicUrl(config),
    callbackUrl: callbackUrl(config),
    signedOutUrl: signedOutUrl(config),
    key,
    verifier,
    onLogin: onLogin && (({ username }) => onLogin({ username, outcome: 'succeeded' })),
    clock: systemClock,
    random: systemRandom,
  });
}
