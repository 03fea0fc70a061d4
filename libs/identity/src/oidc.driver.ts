import { decodeJwt, errors, jwtVerify } from 'jose';
import { clockTolerance, principalOf, requireTokenForm, unauthenticated } from './access-token.js';
import type { TokenVerifier } from './principal.js';
import { publishedKeys } from './published-keys.js';
import type { VerifierOptions } from './verifier-options.js';

/** Asymmetric only: with HMAC whoever can verify could sign. */
const algorithms = ['RS256', 'ES256'];

/** Verifies JWT access tokens of Keycloak's shape (RFC 9068, RFC 8725) with the provider's published keys. */
export function createOidcVerifier(options: VerifierOptions): TokenVerifier {
  const { issuer, institution, clock, audience = 'medshare' } = options;
  const keys = publishedKeys(options);
  return {
    async verify(token) {
      requireTokenForm(token);
      const rules = { issuer, audience, algorithms, clockTolerance, requiredClaims: ['exp', 'sub', 'iat'] };
      const { payload } = await jwtVerify(token, keys, { ...rules, currentDate: new Date(clock.now()) }).catch(
        (cause: unknown) => {
          throw meaningOf(cause, token, issuer);
        },
      );
      return principalOf(payload, institution, clock.now());
    },
  };
}

function meaningOf(cause: unknown, token: string, issuer: string): unknown {
  if (cause instanceof errors.JWTExpired) return unauthenticated('the token has expired', cause);
  if (cause instanceof errors.JWTClaimValidationFailed)
    return unauthenticated(`the claim ${cause.claim} does not fit`, cause);
  if (cause instanceof errors.JOSEAlgNotAllowed) return unauthenticated('the algorithm is not allowed', cause);
  if (cause instanceof errors.JWSSignatureVerificationFailed)
    return unauthenticated('the signature does not fit', cause);
  if (cause instanceof errors.JOSEError || cause instanceof TypeError)
    return unauthenticated('the token is not valid', cause);
  const { code } = cause as { code?: string };
  // another realm's keys are unknown here; that it is another realm's token says more
  if (code === 'auth.unauthenticated' && issuerIn(token) !== issuer)
    return unauthenticated('the claim iss does not fit', cause);
  return cause;
}

/** @returns undefined where there is none, or no claims at all: the key is asked for before they are read */
function issuerIn(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}
