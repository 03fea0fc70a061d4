import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import type { Clock } from '@medshare/clock';
import { problem, type Problem } from '@medshare/problems';
import { boundedFetch } from './bounded-fetch.js';
import type { Principal, TokenVerifier } from './principal.js';

export interface OidcVerifierOptions {
  /** The `iss` that tokens must carry, e.g. `https://sso.harbor.example/realms/harbor`. */
  issuer: string;
  /** The institution that this issuer vouches for. */
  institution: string;
  /** The `aud` that tokens must carry, `medshare` by default. */
  audience?: string;
  /** Where the signing keys are; Keycloak's place by default. */
  jwksUri?: string;
  clock: Clock;
  /** Milliseconds between two look-ups of the keys for an unknown key id, 30 s by default. */
  cooldownMs?: number;
  /** Milliseconds that one look-up may take, 5 s by default. */
  timeoutMs?: number;
}

/** Seconds by which the provider's clock may differ. */
const clockTolerance = 5;
/** Milliseconds after which the keys are looked up anew in any case: how long a withdrawn key still counts. */
const cacheMaxAge = 10 * 60 * 1000;
/** Characters of a token. */
const maxTokenLength = 16 * 1024;
/** Asymmetric only: with HMAC whoever can verify could sign. */
const algorithms = ['RS256', 'ES256'];

/** Keycloak's access token, as far as it is believed. */
const claims = z.object({
  typ: z.literal('Bearer'),
  sub: z.string().min(1).max(255),
  azp: z.string().min(1).max(255),
  preferred_username: z.string().min(1).max(255),
  exp: z.number(),
  iat: z.number(),
  realm_access: z.object({ roles: z.array(z.string().max(64)).max(100) }).optional(),
  patient: z
    .string()
    .max(321)
    .regex(/^[^|\s]+\|[^|\s]+$/)
    .optional(),
});

/** Verifies JWT access tokens of Keycloak's shape (RFC 9068, RFC 8725) with the provider's published keys. */
export function createOidcVerifier(options: OidcVerifierOptions): TokenVerifier {
  const { issuer, institution, clock, audience = 'medshare' } = options;
  const keys = remoteKeys(options);
  return {
    async verify(token) {
      if (token.length > maxTokenLength) throw unauthenticated('the token is too long');
      const rules = { issuer, audience, algorithms, clockTolerance, requiredClaims: ['exp', 'sub', 'iat'] };
      const { payload } = await jwtVerify(token, keys, { ...rules, currentDate: new Date(clock.now()) }).catch(
        (cause: unknown) => {
          throw meaningOf(cause);
        },
      );
      return principalOf(payload, institution, clock.now() / 1000 + clockTolerance);
    },
  };
}

function remoteKeys({ issuer, jwksUri, cooldownMs = 30_000, timeoutMs = 5000 }: OidcVerifierOptions): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(new URL(jwksUri ?? `${issuer}/protocol/openid-connect/certs`), {
    cooldownDuration: cooldownMs,
    cacheMaxAge,
    [customFetch]: (url, { headers, method }) => boundedFetch(url, { headers, method, timeoutMs }),
  });
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (cause) {
      if (cause instanceof errors.JWKSNoMatchingKey || cause instanceof errors.JWKSMultipleMatchingKeys) throw cause;
      throw problem('peer.unavailable', { where: 'identity', detail: 'no signing keys', cause });
    }
  };
}

function principalOf(payload: JWTPayload, institution: string, latest: number): Principal {
  const { success, data, error } = claims.safeParse(payload);
  if (!success)
    throw unauthenticated(`the claim ${error.issues[0]?.path.join('.') ?? ''} is not that of an access token`);
  if (data.iat > latest) throw unauthenticated('the token is of the future');
  return {
    subject: data.sub,
    username: data.preferred_username,
    institution,
    roles: data.realm_access?.roles ?? [],
    clientId: data.azp,
    ...(data.patient === undefined ? {} : { patient: tokenOf(data.patient) }),
    expiresAt: data.exp * 1000,
  };
}

const tokenOf = (text: string) => {
  const at = text.indexOf('|');
  return { system: text.slice(0, at), value: text.slice(at + 1) };
};

function meaningOf(cause: unknown): unknown {
  if (cause instanceof errors.JWTExpired) return unauthenticated('the token has expired', cause);
  if (cause instanceof errors.JWTClaimValidationFailed)
    return unauthenticated(`the claim ${cause.claim} does not fit`, cause);
  if (cause instanceof errors.JOSEError || cause instanceof TypeError)
    return unauthenticated('the token is not valid', cause);
  return cause;
}

const unauthenticated = (detail: string, cause?: unknown): Problem =>
  problem('auth.unauthenticated', { detail, cause });
