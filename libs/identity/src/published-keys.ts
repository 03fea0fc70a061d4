import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose';
import { problem, type Problem } from '@medshare/problems';
import { unauthenticated } from './access-token.js';
import { boundedFetch } from './bounded-fetch.js';
import type { VerifierOptions } from './verifier-options.js';

const defaults = { cooldownMs: 30_000, keyMaxAgeMs: 10 * 60_000, timeoutMs: 5000 };

/**
 * The signing keys that the provider publishes (RFC 7517), kept for a bounded time and looked up for a key id that is not among them.
 *
 * @throws Problem auth.unauthenticated for a key that is not published, peer.unavailable when nobody can tell
 */
export function publishedKeys(options: VerifierOptions): JWTVerifyGetKey {
  const { authorities, cooldownMs, keyMaxAgeMs, timeoutMs } = { ...defaults, ...options };
  const keys = createRemoteJWKSet(placeOf(options), {
    cooldownDuration: cooldownMs,
    cacheMaxAge: keyMaxAgeMs,
    [customFetch]: (url, { headers, method }) => boundedFetch(url, { headers, method, timeoutMs, authorities }),
  });
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (cause) {
      if (cause instanceof errors.JWKSNoMatchingKey || cause instanceof errors.JWKSMultipleMatchingKeys)
        throw unauthenticated('the key is not one that the provider publishes', cause);
      // such as an algorithm that no key set can serve
      if (cause instanceof errors.JOSENotSupported) throw unauthenticated('the algorithm is not allowed', cause);
      throw noKeys(cause);
    }
  };
}

/** Asks for the keys once. @throws Problem peer.unavailable that names the setting when they do not come */
export async function reachProvider(
  options: Pick<VerifierOptions, 'issuer' | 'jwksUri' | 'authorities' | 'timeoutMs'>,
): Promise<void> {
  const { authorities, timeoutMs } = { ...defaults, ...options };
  const answer = await boundedFetch(placeOf(options).href, { timeoutMs, authorities }).catch((cause: unknown) => {
    throw noKeys(cause);
  });
  if (!answer.ok) throw noKeys(new Error(`it answers ${answer.status}`));
}

const placeOf = ({ issuer, jwksUri }: Pick<VerifierOptions, 'issuer' | 'jwksUri'>): URL =>
  new URL(jwksUri ?? `${issuer}/protocol/openid-connect/certs`);

const noKeys = (cause: unknown): Problem =>
  problem('peer.unavailable', { where: 'identity', detail: `no signing keys: ${reasonOf(cause)}`, cause });

/** The setting to look at, and what the connection or the answer was wrong in; nothing that a provider wrote. */
function reasonOf(cause: unknown): string {
  const { code } = ((cause as Error).cause ?? cause) as { code?: unknown };
  const known = typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(code) ? ` (${code})` : '';
  if (/CERT|SIGNATURE|SELF_SIGNED|ALTNAME/.test(known))
    return `identity.authorities does not vouch for the provider’s certificate${known}`;
  return `identity.issuer does not give them${known}`;
}
