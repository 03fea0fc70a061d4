import { createHash } from 'node:crypto';
import { z } from 'zod';
import { systemRandom } from '@medshare/clock';
import { problem } from '@medshare/problems';
import { boundedFetch, type BoundedInit } from './bounded-fetch.js';
import { cliClient, cliRedirectUri } from './embedded-clients.js';

export interface TokenRequest {
  issuer: string;
  /** The command line's own client by default. */
  clientId?: string;
  redirectUri?: string;
  username: string;
  password: string;
  /** The authorities of the provider's certificate, PEM; the system's by default. */
  authorities?: string | undefined;
}

/** Milliseconds for one request to the provider. */
const timeoutMs = 10_000;
/** Redirects of one sign-in at most. */
const maxRedirects = 10;
const secret = (bytes: number): string => Buffer.from(systemRandom.bytes(bytes)).toString('base64url');
const answers = z.object({ access_token: z.string(), id_token: z.string().optional() });

export interface Tokens {
  readonly access: string;
  /** Who signed in, for the client alone (OpenID Connect Core section 2); a person's only. */
  readonly id?: string | undefined;
}

/** The access token of {@link signIn}. @throws Problem as {@link signIn} */
export const obtainToken = async (request: TokenRequest): Promise<string> => (await signIn(request)).access;

/**
 * Signs in by HTTP with authorization code and PKCE (RFC 6749 section 4.1, RFC 7636), as a browser would, at any provider
 * whose login page is one form with `username` and `password`.
 *
 * @throws Problem auth.unauthenticated for wrong credentials, peer.unavailable when there is no provider
 */
export async function signIn(request: TokenRequest): Promise<Tokens> {
  const { issuer, clientId = cliClient.clientId, redirectUri = cliRedirectUri } = request;
  const { username, password, authorities } = request;
  const verifier = secret(32);
  const state = secret(16);
  const browser = new Browser(issuer, redirectUri, authorities);
  const query = new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid',
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const form = await browser.open(`${issuer}/protocol/openid-connect/auth?${query.toString()}`);
  const back = await browser.open(form, new URLSearchParams({ username, password }));
  const answer = new URL(back).searchParams;
  const code = answer.get('code');
  if (!back.startsWith(redirectUri) || code === null || answer.get('state') !== state)
    throw problem('auth.unauthenticated', { where: 'identity', detail: 'the sign-in was refused' });
  const grant = { grant_type: 'authorization_code', client_id: clientId, code, redirect_uri: redirectUri };
  const body = new URLSearchParams({ ...grant, code_verifier: verifier });
  return tokensFrom(issuer, { body, authorities });
}

export interface ServiceTokenRequest {
  issuer: string;
  clientId: string;
  secret: string;
  /** As of a {@link TokenRequest}. */
  authorities?: string | undefined;
}

/** A service account's token (RFC 6749 section 4.4). @throws Problem as {@link obtainToken} */
export async function clientCredentials({
  issuer,
  clientId,
  secret,
  authorities,
}: ServiceTokenRequest): Promise<string> {
  const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`).toString('base64');
  const body = new URLSearchParams({ grant_type: 'client_credentials' });
  return (await tokensFrom(issuer, { body, headers: { authorization: `Basic ${basic}` }, authorities })).access;
}

async function tokensFrom(issuer: string, asked: Omit<BoundedInit, 'timeoutMs'>): Promise<Tokens> {
  const response = await reach(`${issuer}/protocol/openid-connect/token`, { method: 'POST', ...asked });
  const { success, data } = answers.safeParse(response.status === 200 ? await response.json() : undefined);
  if (success) return { access: data.access_token, id: data.id_token };
  const [code, detail] = response.status >= 500 ? (['peer.unavailable', 'the provider failed'] as const) : refused;
  throw problem(code, { where: 'identity', detail });
}

const refused = ['auth.unauthenticated', 'the provider gave no token'] as const;

async function reach(url: string, init: Omit<BoundedInit, 'timeoutMs'>): Promise<Response> {
  try {
    return await boundedFetch(url, { ...init, timeoutMs });
  } catch (cause) {
    throw problem('peer.unavailable', { where: 'identity', detail: 'the provider does not answer', cause });
  }
}

/** Cookies and redirects, on the issuer's origin only. */
class Browser {
  readonly #origin: string;
  readonly #redirectUri: string;
  readonly #authorities: string | undefined;
  readonly #cookies = new Map<string, string>();

  constructor(issuer: string, redirectUri: string, authorities: string | undefined) {
    this.#origin = new URL(issuer).origin;
    this.#redirectUri = redirectUri;
    this.#authorities = authorities;
  }

  /** @returns the address the form of the page leads to, or the redirect that leaves the provider */
  async open(start: string, form?: URLSearchParams): Promise<string> {
    let [url, body] = [start, form];
    for (let step = 0; step < maxRedirects; step += 1) {
      if (url.startsWith(this.#redirectUri)) return url;
      if (new URL(url).origin !== this.#origin) break;
      const response = await this.#request(url, body);
      const location = response.headers.get('location');
      if (location === null) return this.#formOf(response, url);
      [url, body] = [new URL(location, url).href, undefined];
    }
    throw problem('peer.untrusted', { where: 'identity', detail: 'the provider leads elsewhere' });
  }

  async #request(url: string, body: URLSearchParams | undefined): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const init = body === undefined ? {} : { method: 'POST', body };
    const response = await reach(url, { ...init, headers: { cookie }, authorities: this.#authorities });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=;]+)=([^;]*)/.exec(line) ?? [];
      if (name !== undefined && value !== undefined) this.#cookies.set(name, value);
    }
    return response;
  }

  async #formOf(response: Response, url: string): Promise<string> {
    const html = await response.text();
    if (response.status !== 200 || !/<input[^>]+name="password"/.test(html))
      throw problem('auth.unauthenticated', { where: 'identity', detail: 'the sign-in was refused' });
    const [, action] = /<form[^>]+action="([^"]+)"/.exec(html) ?? [];
    return new URL((action ?? url).replaceAll('&amp;', '&'), url).href;
  }
}
