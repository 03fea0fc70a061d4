import { problem } from '@medshare/problems';

/** Who asks, as a verified token says. */
export interface Principal {
  /** Stable and opaque; the `sub` claim. */
  readonly subject: string;
  readonly username: string;
  /** The institution whose provider vouches. */
  readonly institution: string;
  readonly roles: readonly string[];
  /** The application that obtained the token; the `azp` claim. */
  readonly clientId: string;
  /** The patient that this person is, where the provider vouches for it; the `patient` claim, FHIR's token form `system|value`. */
  readonly patient?: { readonly system: string; readonly value: string };
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Port: establishes who a bearer token belongs to. */
export interface TokenVerifier {
  /** @throws Problem auth.unauthenticated for a token that proves nothing, peer.unavailable when the provider's keys cannot be had */
  verify(token: string): Promise<Principal>;
}

/** @throws Problem auth.forbidden unless the principal has one of the roles; an empty list asks for none */
export function requireRole(principal: Principal, roles: readonly string[]): void {
  if (roles.length > 0 && !roles.some((role) => principal.roles.includes(role)))
    throw problem('auth.forbidden', { detail: `needs a role of: ${roles.join(', ')}` });
}
