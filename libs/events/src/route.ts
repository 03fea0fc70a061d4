import type { z } from 'zod';

/** Who may call: any member of the region, or only the roles of the institution itself. */
export type Audience = 'region' | 'institution';

/**
 * A synchronous call between roles of one institution or between institutions: POST of one JSON document over mutual TLS,
 * answered by one JSON document or by application/problem+json (RFC 9457).
 */
export interface PeerRoute<Req, Res> {
  /** `<role>.<verb-noun>`, for logs and metrics. */
  readonly name: string;
  /** `/peer/…` for the region, `/internal/…` for the institution itself. */
  readonly path: string;
  readonly audience: Audience;
  /** Whether a second delivery of the same body has no second effect; only then is a lost connection tried again. */
  readonly idempotent: boolean;
  readonly request: z.ZodType<Req>;
  readonly response: z.ZodType<Res>;
  /** A request that runs as it is, against any institution of a demo; routes whose documents are signed at the moment have none. */
  readonly example?: unknown;
  /** Largest request body in bytes. */
  readonly maxBytes: number;
  /** Largest response body in bytes. */
  readonly maxResponseBytes: number;
}

/** Bytes of response accepted where a route names no bound of its own. */
export const defaultMaxResponseBytes = 8 * 1024 * 1024;

const roots: Record<Audience, string> = { region: '/peer/', institution: '/internal/' };

/** Declares a route once, for the caller and the callee. @throws Error when the path does not fit the audience (a mistake of the source) */
export function definePeerRoute<Q extends z.ZodType, S extends z.ZodType>(route: {
  name: string;
  path: string;
  audience: Audience;
  idempotent: boolean;
  request: Q;
  response: S;
  example?: z.input<Q>;
  maxBytes: number;
  maxResponseBytes?: number;
}): PeerRoute<z.output<Q>, z.output<S>> {
  if (!route.path.startsWith(roots[route.audience]) || !/^(\/[a-z0-9-]+)+$/.test(route.path))
    throw new Error(`route ${route.name}: ${route.path} does not fit audience ${route.audience}`);
  return Object.freeze({ maxResponseBytes: defaultMaxResponseBytes, ...route }) as PeerRoute<z.output<Q>, z.output<S>>;
}
