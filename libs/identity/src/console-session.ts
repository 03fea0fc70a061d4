import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Clock, Random } from '@medshare/clock';
import { asProblem, problem } from '@medshare/problems';
import { OidcClient, type ClientTokens } from './oidc-client.js';
import type { Principal, TokenVerifier } from './principal.js';
import { SealedCookie } from './sealed-cookie.js';

export interface ConsoleSessionOptions {
  issuer: string;
  clientId: string;
  authorities?: string | undefined;
  institution: string;
  /** Where browsers reach us, without a final slash. */
  publicUrl: string;
  /** Where the provider sends people back to, and those who signed out. */
  callbackUrl: string;
  signedOutUrl: string;
  /** 32 bytes that all replicas share; seals the cookies. */
  key: Uint8Array;
  verifier: TokenVerifier;
  /** Told of a person who signed in, before they are let in; a sign-in that cannot be told is not given. */
  onLogin?: ((principal: Principal) => Promise<void>) | undefined;
  clock: Clock;
  random: Random;
}

/** Header with which a page shows that it is ours: other sites' pages can neither read the value nor send the header. */
export const csrfHeader = 'x-medshare-csrf';

/** Milliseconds. */
const life = { login: 10 * 60_000, session: 8 * 3600_000 };
/** A token with less left than this is renewed first, ms. */
const renewBefore = 20_000;
/** How long an answer to a renewal is kept for requests that came with the same cookie, ms, and how many. */
const kept = { ms: 60_000, count: 10_000 };

const pendingLogin = z.strictObject({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  redirectUri: z.string(),
  to: z.string(),
});
const session = z.strictObject({
  access: z.string(),
  /** Of the access token, ms since the epoch. */
  accessUntil: z.number(),
  refresh: z.string().optional(),
  /** The session's own end, ms since the epoch; renewals do not move it. */
  until: z.number(),
  csrf: z.string(),
});
type Session = z.infer<typeof session>;

/** Who is signed in at a page, as `GET /session` tells. */
export interface SignedIn {
  readonly username: string;
  readonly institution: string;
  readonly roles: readonly string[];
  readonly csrf: string;
}

type Answer = Pick<ServerResponse, 'appendHeader'>;
type Asked = Pick<IncomingMessage, 'headers'>;

/**
 * Sign-in of people in front of a page. The browser holds sealed cookies and no token; the server is the client of the provider and puts the
 * bearer token on requests that show the page's CSRF value.
 */
export class ConsoleSession {
  readonly #options: ConsoleSessionOptions;
  readonly #client: OidcClient;
  readonly #login;
  readonly #session: SealedCookie<Session>;
  /** The ID token, which the provider wants back at sign-out: a cookie of its own, for cookies are small. */
  readonly #id;
  readonly #renewals = new Map<string, { at: number; tokens: Promise<ClientTokens> }>();

  constructor(options: ConsoleSessionOptions) {
    this.#options = options;
    this.#client = new OidcClient(options);
    const { institution, publicUrl, key, clock } = options;
    const cookies = { prefix: `medshare_${institution}`, secure: publicUrl.startsWith('https:'), key, clock };
    // the way back from the provider begins at another site, where a strict cookie would stay away
    this.#login = new SealedCookie('login', 'Lax', pendingLogin, cookies);
    this.#session = new SealedCookie('session', 'Strict', session, cookies);
    this.#id = new SealedCookie('id', 'Strict', z.strictObject({ token: z.string() }), cookies);
  }

  /** @param to the page to come back to, a path. @returns where to send the browser. @throws Problem peer.unavailable */
  async begin(to: string, answer: Answer): Promise<string> {
    const { callbackUrl, clock } = this.#options;
    const { url, pending } = await this.#client.begin(callbackUrl);
    await this.#put(answer, this.#login, { ...pending, to: pathOf(to) }, clock.now() + life.login);
    return url;
  }

  /** @param query of the callback. @returns where to send the browser. @throws Problem auth.unauthenticated, peer.unavailable */
  async finish(query: string, asked: Asked, answer: Answer): Promise<string> {
    const { clock, verifier, onLogin, publicUrl, random } = this.#options;
    const pending = await this.#login.read(asked.headers.cookie);
    answer.appendHeader('set-cookie', this.#login.clear());
    if (!pending) throw problem('auth.unauthenticated', { detail: 'no sign-in was begun in this browser' });
    const { to, ...login } = pending;
    const tokens = await this.#client.finish(query, login);
    const principal = await verifier.verify(tokens.access);
    await onLogin?.(principal);
    const until = clock.now() + life.session;
    const csrf = Buffer.from(random.bytes(24)).toString('base64url');
    await this.#put(answer, this.#session, this.#sessionOf(tokens, { until, csrf }), until);
    if (tokens.id !== undefined) await this.#put(answer, this.#id, { token: tokens.id }, until);
    return publicUrl + to;
  }

  /** @throws Problem auth.unauthenticated when nobody is signed in */
  async whoIs(asked: Asked, answer: Answer): Promise<SignedIn> {
    const found = await this.#fresh(asked, answer);
    if (!found) throw problem('auth.unauthenticated', { detail: 'nobody is signed in' });
    const { username, institution, roles } = await this.#options.verifier.verify(found.access);
    return { username, institution, roles, csrf: found.csrf };
  }

  /** Ends the session here and, if it answers, at the provider. @returns where to send the browser. @throws Problem auth.forbidden */
  async end(asked: Asked, answer: Answer): Promise<string> {
    const { signedOutUrl } = this.#options;
    const found = await this.#session.read(asked.headers.cookie);
    if (found) requireCsrf(found, asked);
    const id = await this.#id.read(asked.headers.cookie);
    for (const cookie of [this.#session, this.#id]) answer.appendHeader('set-cookie', cookie.clear());
    if (!found) return signedOutUrl;
    // a provider that is away ends it by itself
    await this.#client.revoke(found.refresh ?? found.access).catch(() => undefined);
    return this.#client.endSessionUrl(signedOutUrl, id?.token).catch(() => signedOutUrl);
  }

  /**
   * The bearer token of a request that a page of ours made.
   *
   * @returns undefined for a request of nobody, or of somebody whose session is over
   * @throws Problem auth.forbidden for another page's request, peer.unavailable
   */
  async bearerOf(asked: Asked, answer: Answer): Promise<string | undefined> {
    const { authorization, [csrfHeader]: csrf } = asked.headers;
    if (authorization !== undefined || csrf === undefined) return undefined;
    const found = await this.#session.read(asked.headers.cookie);
    if (!found) return undefined;
    requireCsrf(found, asked);
    return (await this.#fresh(asked, answer))?.access;
  }

  async #fresh(asked: Asked, answer: Answer): Promise<Session | undefined> {
    const now = this.#options.clock.now();
    const found = await this.#session.read(asked.headers.cookie);
    if (!found || found.accessUntil - renewBefore > now) return found;
    if (found.refresh === undefined) return this.#forget(answer);
    try {
      const next = this.#sessionOf({ refresh: found.refresh, ...(await this.#renew(found.refresh)) }, found);
      await this.#put(answer, this.#session, next, found.until);
      return next;
    } catch (caught) {
      if (asProblem(caught).code === 'auth.unauthenticated') return this.#forget(answer);
      throw caught;
    }
  }

  /** A refresh token serves once, and a page asks several things at the same time. */
  #renew(refresh: string): Promise<ClientTokens> {
    const now = this.#options.clock.now();
    for (const [key, { at }] of this.#renewals) {
      if (now - at <= kept.ms && this.#renewals.size <= kept.count) break;
      this.#renewals.delete(key);
    }
    const key = createHash('sha256').update(refresh).digest('base64url');
    const known = this.#renewals.get(key);
    if (known) return known.tokens;
    const tokens = this.#client.refresh(refresh);
    this.#renewals.set(key, { at: now, tokens });
    // a provider that was away is asked again
    tokens.catch(() => this.#renewals.delete(key));
    return tokens;
  }

  #sessionOf({ access, livesFor, refresh }: ClientTokens, { until, csrf }: Pick<Session, 'until' | 'csrf'>): Session {
    const accessUntil = this.#options.clock.now() + livesFor;
    return { access, accessUntil, ...(refresh !== undefined && { refresh }), until, csrf };
  }

  async #put<T extends object>(answer: Answer, cookie: SealedCookie<T>, value: T, until: number): Promise<void> {
    const header = await cookie.write(value, until);
    if (header === undefined)
      throw problem('request.too-large', { where: 'identity', detail: 'the tokens are too large for a cookie' });
    answer.appendHeader('set-cookie', header);
  }

  #forget(answer: Answer): undefined {
    answer.appendHeader('set-cookie', this.#session.clear());
    return undefined;
  }
}

/** A path of this server and nothing that a browser would take for another's. */
const pathOf = (text: string): string => (/^\/(?![/\\])[A-Za-z0-9/_.-]{0,200}$/.test(text) ? text : '/messages');

function requireCsrf({ csrf }: Session, { headers }: Asked): void {
  const digest = (text: unknown) => createHash('sha256').update(String(text)).digest();
  if (!timingSafeEqual(digest(csrf), digest(headers[csrfHeader])))
    throw problem('auth.forbidden', { where: csrfHeader, detail: 'the request does not come from a page of ours' });
}
