import { KeyObject } from 'node:crypto';
import GrantManager from 'keycloak-connect/middleware/auth-utils/grant-manager.js';
import Token from 'keycloak-connect/middleware/auth-utils/token.js';
import { z } from 'zod';
import { clockTolerance, principalOf, requireTokenForm, unauthenticated } from './access-token.js';
import type { TokenVerifier } from './principal.js';
import { publishedKeys } from './published-keys.js';
import type { VerifierOptions } from './verifier-options.js';

/** The only algorithm that keycloak-connect verifies, whatever a header says. */
const alg = 'RS256';
const header = z.object({ alg: z.literal(alg), kid: z.string().min(1).max(255), crit: z.never().optional() });

/** What keycloak-connect says of a token, in our words. */
const reasons: Readonly<Record<string, string>> = {
  'invalid token (expired)': 'the token has expired',
  'invalid token (wrong type)': 'the claim typ is not that of an access token',
  'invalid token (wrong ISS)': 'the claim iss does not fit',
  'invalid token (wrong audience)': 'the claim aud does not fit',
  'invalid token (public key signature)': 'the signature does not fit',
};

/**
 * Verifies a Keycloak realm's access tokens with Keycloak's own adapter: signature, type, issuer and audience are its checks. Keys, time and
 * the answer to what is missing are not left to it (docs/decisions/0039).
 */
export function createKeycloakVerifier(options: VerifierOptions): TokenVerifier {
  const { issuer, institution, clock, audience = 'medshare' } = options;
  const keys = publishedKeys(options);
  // without verifyTokenAudience any client's token of the realm would do
  const settings = { realmUrl: issuer, clientId: audience, bearerOnly: true, verifyTokenAudience: true };
  return {
    async verify(text) {
      requireTokenForm(text);
      const token = new Token(text);
      if (!header.safeParse(token.header).success) throw unauthenticated(whyNot(token.header));
      // a token that names no expiry would count for ever
      token.isExpired = () => !(Number(token.content.exp) + clockTolerance > clock.now() / 1000);
      const manager = new GrantManager(settings);
      let failure: unknown;
      manager.rotation = {
        getJWK: async (kid) => {
          try {
            return asKeyObject(await keys({ alg, kid }, { payload: '', signature: '' }));
          } catch (cause) {
            failure = cause;
            throw cause;
          }
        },
      };
      const { content } = await manager.validateToken(token, 'Bearer').catch((cause: unknown) => {
        throw meaningOf(cause, failure);
      });
      return principalOf(content, institution, clock.now());
    },
  };
}

const asKeyObject = (key: CryptoKey | KeyObject | unknown): KeyObject =>
  key instanceof KeyObject ? key : KeyObject.from(key as CryptoKey);

const whyNot = (given: unknown): string => {
  const { data } = z.object({ alg: z.string() }).safeParse(given);
  return data === undefined || data.alg === alg ? 'the token is not valid' : 'the algorithm is not allowed';
};

function meaningOf(cause: unknown, failure: unknown): unknown {
  const reason = reasons[(cause as Error).message];
  if (reason !== undefined) return unauthenticated(reason, cause);
  return failure ?? unauthenticated('the token is not valid', cause);
}
