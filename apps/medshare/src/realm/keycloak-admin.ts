import { z } from 'zod';
import { boundedFetch } from '@medshare/identity/bounded-fetch';
import { problem } from '@medshare/problems';

/** How an administrator signs in: a service account (recommended), or a name and a password as Keycloak's own command line does. */
export type AdminLogin = { realm: string } & (
  { clientId: string; secret: string } | { username: string; password: string }
);

export interface AdminOptions {
  /** e.g. `https://sso.harbor.example` */
  baseUrl: string;
  authorities?: string | undefined;
  login: AdminLogin;
}

const timeoutMs = 30_000;
const tokenAnswer = z.object({ access_token: z.string(), expires_in: z.number() });

interface Token {
  text: string;
  /** by the monotonic clock, ms */
  until: number;
}

/** Keycloak's admin REST API, version 26, as one signed-in administrator. */
export class KeycloakAdmin {
  readonly #options: AdminOptions;
  #token: Token;

  private constructor(options: AdminOptions, token: Token) {
    this.#options = options;
    this.#token = token;
  }

  /** @throws Problem auth.unauthenticated when the administrator is refused, peer.unavailable without Keycloak */
  static async signIn(options: AdminOptions): Promise<KeycloakAdmin> {
    return new KeycloakAdmin(options, await tokenFor(options));
  }

  /** @param path below `/admin/realms`. @returns undefined for what does not exist */
  async read(path: string): Promise<unknown> {
    const response = await this.#ask('GET', path);
    if (response.status === 404) return undefined;
    return response.json();
  }

  /** A list of what Keycloak calls representations. */
  async list(path: string): Promise<Representation[]> {
    return z.array(representation).parse((await this.read(path)) ?? []);
  }

  async write(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<void> {
    const response = await this.#ask(method, path, body);
    if (response.status === 404) throw problem('request.not-found', { where: path });
  }

  async #ask(method: string, path: string, body?: unknown): Promise<Response> {
    const { baseUrl, authorities } = this.#options;
    // an administrator's token lives for a minute, and a slow server may take longer for everything
    if (this.#token.until < performance.now()) this.#token = await tokenFor(this.#options);
    const response = await reach(`${baseUrl}/admin/realms${path}`, {
      method,
      authorities,
      headers: { authorization: `Bearer ${this.#token.text}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (response.ok || response.status === 404) return response;
    const where = `${method} ${path}`;
    if (response.status === 403 || response.status === 401)
      throw problem('auth.forbidden', { where, detail: 'the administrator may not do this at Keycloak' });
    throw problem(response.status >= 500 ? 'peer.unavailable' : 'request.invalid', {
      where,
      detail: `Keycloak answers ${response.status}: ${(await response.text()).slice(0, 300)}`,
    });
  }
}

async function tokenFor({ baseUrl, authorities, login }: AdminOptions): Promise<Token> {
  const form: Record<string, string> =
    'clientId' in login
      ? { grant_type: 'client_credentials', client_id: login.clientId, client_secret: login.secret }
      : { grant_type: 'password', client_id: 'admin-cli', username: login.username, password: login.password };
  const url = `${baseUrl}/realms/${encodeURIComponent(login.realm)}/protocol/openid-connect/token`;
  const asked = performance.now();
  const response = await reach(url, { method: 'POST', body: new URLSearchParams(form), authorities });
  const answer = tokenAnswer.safeParse(response.status === 200 ? await response.json() : undefined);
  if (answer.success) return { text: answer.data.access_token, until: asked + answer.data.expires_in * 500 };
  throw problem(response.status >= 500 ? 'peer.unavailable' : 'auth.unauthenticated', {
    where: `realm ${login.realm}`,
    detail: `Keycloak does not sign the administrator in (${response.status})`,
  });
}

const representation = z.looseObject({ id: z.string().optional(), name: z.string().optional() });
export type Representation = z.infer<typeof representation>;

async function reach(url: string, init: Omit<Parameters<typeof boundedFetch>[1], 'timeoutMs'>): Promise<Response> {
  try {
    return await boundedFetch(url, { ...init, timeoutMs });
  } catch (cause) {
    throw problem('peer.unavailable', { where: 'identity', detail: 'Keycloak does not answer', cause });
  }
}
