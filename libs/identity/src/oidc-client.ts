import * as openid from 'openid-client';
import { problem, type Problem } from '@medshare/problems';
import { boundedFetch } from './bounded-fetch.js';

export interface OidcClientOptions {
  issuer: string;
  clientId: string;
  /** The authorities of the provider's certificate, PEM; the system's by default. */
  authorities?: string | undefined;
}

/** What the client must find again when the person comes back. */
export interface PendingLogin {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly redirectUri: string;
}

export interface ClientTokens {
  readonly access: string;
  /** Milliseconds that the access token lives from now on. */
  readonly livesFor: number;
  readonly refresh?: string | undefined;
  readonly id?: string | undefined;
}

/** Seconds for one request to the provider. */
const timeout = 10;

/** A public client of an OpenID provider: authorization code with PKCE (RFC 7636, S256), state and nonce. */
export class OidcClient {
  readonly #options: OidcClientOptions;
  #found: Promise<openid.Configuration> | undefined;

  constructor(options: OidcClientOptions) {
    this.#options = options;
  }

  /** Where to send the person, and what to keep until then. @throws Problem peer.unavailable */
  async begin(redirectUri: string): Promise<{ url: string; pending: PendingLogin }> {
    const configuration = await this.#configuration();
    const verifier = openid.randomPKCECodeVerifier();
    const pending = { state: openid.randomState(), nonce: openid.randomNonce(), verifier, redirectUri };
    const url = openid.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: 'openid',
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    return { url: url.href, pending };
  }

  /** @param query what the provider sent the person back with. @throws Problem auth.unauthenticated, peer.unavailable */
  async finish(query: string, { state, nonce, verifier, redirectUri }: PendingLogin): Promise<ClientTokens> {
    const configuration = await this.#configuration();
    const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true };
    const url = new URL(redirectUri);
    url.search = query;
    return this.#tokens(() => openid.authorizationCodeGrant(configuration, url, checks));
  }

  /** @throws Problem auth.unauthenticated when the session is over, peer.unavailable when nobody can tell */
  async refresh(token: string): Promise<ClientTokens> {
    const configuration = await this.#configuration();
    return this.#tokens(() => openid.refreshTokenGrant(configuration, token));
  }

  /** Ends the session at the provider as far as this client goes (RFC 7009). */
  async revoke(token: string): Promise<void> {
    await openid.tokenRevocation(await this.#configuration(), token);
  }

  /** Where the person's session at the provider ends, too (RP-Initiated Logout 1.0). */
  async endSessionUrl(signedOutUrl: string, idToken: string | undefined): Promise<string> {
    return openid.buildEndSessionUrl(await this.#configuration(), {
      client_id: this.#options.clientId,
      post_logout_redirect_uri: signedOutUrl,
      ...(idToken !== undefined && { id_token_hint: idToken }),
    }).href;
  }

  async #tokens(ask: () => ReturnType<typeof openid.refreshTokenGrant>): Promise<ClientTokens> {
    try {
      const answer = await ask();
      return {
        access: answer.access_token,
        livesFor: (answer.expires_in ?? 0) * 1000,
        refresh: answer.refresh_token,
        id: answer.id_token,
      };
    } catch (cause) {
      throw meaningOf(cause);
    }
  }

  #configuration(): Promise<openid.Configuration> {
    return (this.#found ??= this.#discover().catch((cause: unknown) => {
      this.#found = undefined;
      throw away(cause);
    }));
  }

  #discover(): Promise<openid.Configuration> {
    const { issuer, clientId, authorities } = this.#options;
    const plain = issuer.startsWith('http:') ? [openid.allowInsecureRequests] : [];
    const ask: openid.CustomFetch = (url, { method, headers, body }) =>
      boundedFetch(url, {
        method,
        headers,
        body: body as URLSearchParams | string,
        authorities,
        timeoutMs: timeout * 1000,
      });
    return openid.discovery(new URL(issuer), clientId, undefined, openid.None(), {
      timeout,
      execute: plain,
      [openid.customFetch]: ask,
    });
  }
}

const away = (cause: unknown): Problem =>
  problem('peer.unavailable', { where: 'identity', detail: 'the provider does not answer', cause });

/** An answer of the provider that says no is its word; everything else that its answer is wrong in is a refusal, too. */
function meaningOf(cause: unknown): Problem {
  const refused = (detail: string) => problem('auth.unauthenticated', { where: 'identity', detail, cause });
  if (cause instanceof openid.ResponseBodyError)
    return cause.status >= 500 ? away(cause) : refused('the provider gives no token');
  if (cause instanceof openid.AuthorizationResponseError) return refused('the sign-in was refused');
  if (cause instanceof openid.ClientError && cause.code !== 'OAUTH_TIMEOUT')
    return refused('the provider’s answer does not fit the sign-in that was begun');
  return away(cause);
}
