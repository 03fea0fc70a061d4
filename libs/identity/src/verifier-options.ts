import type { Clock } from '@medshare/clock';

/** What every driver that verifies tokens is told. */
export interface VerifierOptions {
  /** The `iss` that tokens must carry, e.g. `https://sso.harbor.example/realms/harbor`. */
  issuer: string;
  /** The institution that this issuer vouches for. */
  institution: string;
  /** The `aud` that tokens must carry, `medshare` by default. */
  audience?: string;
  /** Where the signing keys are; Keycloak's place by default. */
  jwksUri?: string;
  /** The authorities of the provider's certificate, PEM; the system's by default. */
  authorities?: string;
  clock: Clock;
  /** Milliseconds between two look-ups of the keys for an unknown key id, 30 s by default. */
  cooldownMs?: number;
  /**
   * Milliseconds after which the keys are looked up anew in any case, 10 min by default: how long a withdrawn key still counts, and how
   * long tokens are believed while the provider is away.
   */
  keyMaxAgeMs?: number;
  /** Milliseconds that one look-up may take, 5 s by default. */
  timeoutMs?: number;
}
