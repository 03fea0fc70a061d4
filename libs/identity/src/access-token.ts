import type { JWTPayload } from 'jose';
import { z } from 'zod';
import { problem, type Problem } from '@medshare/problems';
import type { Principal } from './principal.js';

/** Seconds by which the provider's clock may differ. */
export const clockTolerance = 5;
/** Characters of a token. */
const maxTokenLength = 16 * 1024;

/** Keycloak's access token, as far as it is believed. */
const claims = z.object({
  typ: z.literal('Bearer'),
  sub: z.string().min(1).max(255),
  azp: z.string().min(1).max(255),
  preferred_username: z.string().min(1).max(255),
  exp: z.number(),
  iat: z.number(),
  nbf: z.number().optional(),
  realm_access: z.object({ roles: z.array(z.string().max(64)).max(100) }).optional(),
  patient: z
    .string()
    .max(321)
    .regex(/^[^|\s]+\|[^|\s]+$/)
    .optional(),
});

/** @throws Problem auth.unauthenticated for what cannot be a signed token (RFC 7515 section 7.1), before anything is computed */
export function requireTokenForm(token: string): void {
  if (token.length > maxTokenLength) throw unauthenticated('the token is too long');
  if (!/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/.test(token)) throw unauthenticated('the token is not valid');
}

/**
 * Who a token with a verified signature belongs to.
 *
 * @param now milliseconds since the epoch
 * @throws Problem auth.unauthenticated naming the claim, never its value
 */
export function principalOf(payload: JWTPayload, institution: string, now: number): Principal {
  const { success, data, error } = claims.safeParse(payload);
  if (!success)
    throw unauthenticated(`the claim ${error.issues[0]?.path.join('.') ?? ''} is not that of an access token`);
  const latest = now / 1000 + clockTolerance;
  if (data.iat > latest || (data.nbf ?? 0) > latest) throw unauthenticated('the token is of the future');
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

/** @param detail why, without anything that the token says */
export const unauthenticated = (detail: string, cause?: unknown): Problem =>
  problem('auth.unauthenticated', { detail, cause });
