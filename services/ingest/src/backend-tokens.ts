import { importJWK, SignJWT, type JWK } from 'jose';
import { readSecretFile } from '@medshare/keys/secret-file';
import { problem, type Problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import { z } from 'zod';
import type { BackendService, FhirServer } from './ingest.config.js';

/** One bounded request; what is no JSON is undefined. */
export type Ask = (url: URL, init?: { form: URLSearchParams }) => Promise<{ status: number; body: unknown }>;

/** Seconds in which an assertion must have arrived; the standard's limit is 300. */
const assertionLife = 240;
/** A token is no longer used so long before its end, ms: the request must arrive in time. */
const margin = 15_000;

const privateKey = z.looseObject({ kid: z.string().min(1).max(255), alg: z.enum(['ES384', 'RS384']), d: z.string() });
const discovered = z.looseObject({ token_endpoint: z.url() });
const given = z.looseObject({
  access_token: z.string().regex(/^[!-~]{1,8000}$/),
  token_type: z.string().regex(/^bearer$/i),
  expires_in: z.number().positive().max(86_400),
});
const refusal = z.looseObject({ error: z.string().regex(/^[a-z_]{1,40}$/) });

/**
 * Access tokens of FHIR servers that know medshare as a backend service: SMART App Launch 2.2, Backend Services, with
 * client-confidential-asymmetric. Kept in memory until shortly before their end.
 */
export class BackendTokens {
  private readonly kept = new Map<string, { readonly token: string; readonly until: number }>();

  constructor(private readonly parts: Pick<RoleContext, 'clock' | 'random'>) {}

  /** @throws Problem config.invalid for a file that is no such key, source.no-token when the server gives none */
  async of(server: FhirServer, service: BackendService, ask: Ask): Promise<string> {
    const now = this.parts.clock.now();
    const kept = this.kept.get(nameOf(server, service));
    if (kept && now < kept.until) return kept.token;
    const endpoint = await endpointOf(server, service, ask);
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      scope: service.scope,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await this.assertion(service, endpoint, now),
    });
    const { status, body } = await ask(new URL(endpoint), { form });
    const answer = given.safeParse(body);
    if (status !== 200 || !answer.success) throw none(`the token endpoint answers ${status}${wordsOf(body)}`);
    const { access_token: token, expires_in: seconds } = answer.data;
    this.kept.set(nameOf(server, service), { token, until: now + 1000 * seconds - margin });
    return token;
  }

  /** The server takes it no longer. */
  forget(server: FhirServer, service: BackendService): void {
    this.kept.delete(nameOf(server, service));
  }

  private async assertion({ clientId, keyFile }: BackendService, endpoint: string, now: number): Promise<string> {
    const { jwk, key } = await readKey(keyFile);
    const issued = Math.floor(now / 1000);
    return new SignJWT({ jti: this.parts.random.uuid() })
      .setProtectedHeader({ alg: jwk.alg, kid: jwk.kid, typ: 'JWT' })
      .setIssuer(clientId)
      .setSubject(clientId)
      .setAudience(endpoint)
      .setIssuedAt(issued)
      .setExpirationTime(issued + assertionLife)
      .sign(key);
  }
}

const none = (detail: string, cause?: unknown): Problem => problem('source.no-token', { detail, cause });
const nameOf = ({ baseUrl }: FhirServer, { clientId, scope }: BackendService): string =>
  JSON.stringify([baseUrl, clientId, scope]);

/** The error code of RFC 6749 section 5.2; nothing else of what a server writes is repeated. */
function wordsOf(body: unknown): string {
  const { success, data } = refusal.safeParse(body);
  return success ? `: ${data.error}` : '';
}

async function endpointOf({ baseUrl, allowHttp }: FhirServer, { tokenUrl }: BackendService, ask: Ask): Promise<string> {
  if (tokenUrl !== undefined) return checked(tokenUrl, allowHttp);
  const { status, body } = await ask(new URL(`${baseUrl.replace(/\/+$/, '')}/.well-known/smart-configuration`));
  const found = discovered.safeParse(body);
  if (status !== 200 || !found.success) throw none('its .well-known/smart-configuration names no token endpoint');
  return checked(found.data.token_endpoint, allowHttp);
}

/** An assertion goes where it is meant for, and not in the clear. */
function checked(text: string, allowHttp: boolean): string {
  const url = new URL(text);
  const safe = url.protocol === 'https:' || (allowHttp && url.protocol === 'http:');
  if (safe && url.username === '' && url.password === '') return text;
  throw none('its token endpoint is not https');
}

async function readKey(
  path: string,
): Promise<{ jwk: z.output<typeof privateKey>; key: Awaited<ReturnType<typeof importJWK>> }> {
  const text = (await readSecretFile(path)).toString('utf8');
  try {
    const jwk = privateKey.parse(JSON.parse(text));
    return { jwk, key: await importJWK(jwk as JWK, jwk.alg) };
  } catch {
    // no cause: it may repeat what it could not read
    throw problem('config.invalid', {
      where: path,
      detail: 'not a private key as JWK with alg ES384 or RS384 and kid',
    });
  }
}
