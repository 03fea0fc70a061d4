import type { ClientMetadata } from 'oidc-provider';

/** An application with people in front of it; it has no secret and proves itself by PKCE (RFC 7636). */
export interface PublicClient {
  readonly clientId: string;
  /** Where the provider may send people back to, compared as exact text. */
  readonly redirectUris: readonly string[];
  /** Where it may send those who signed out; the same when left out. */
  readonly signedOutUris?: readonly string[];
}

/** A program that acts for itself, e.g. `feed-lab`. */
export interface ServiceAccount {
  readonly clientId: string;
  readonly secret: string;
  readonly roles: readonly string[];
}

/** Where the command line lets itself be sent back to, on the port that it listens on; with a password nothing listens, and the code is read from the redirect. */
export const cliRedirectUri = 'http://127.0.0.1/medshare-cli';
export const cliClient: PublicClient = { clientId: 'medshare-cli', redirectUris: [cliRedirectUri] };

export const publicClient = ({
  clientId,
  redirectUris,
  signedOutUris = redirectUris,
}: PublicClient): ClientMetadata => ({
  client_id: clientId,
  token_endpoint_auth_method: 'none',
  // loopback redirects over plain HTTP are for native applications (RFC 8252 section 7.3)
  application_type: redirectUris.every((uri) => uri.startsWith('https:')) ? 'web' : 'native',
  redirect_uris: [...redirectUris],
  post_logout_redirect_uris: [...signedOutUris],
  response_types: ['code'],
  grant_types: ['authorization_code', 'refresh_token'],
});

export const serviceClient = ({ clientId, secret }: ServiceAccount): ClientMetadata => ({
  client_id: clientId,
  client_secret: secret,
  redirect_uris: [],
  response_types: [],
  grant_types: ['client_credentials'],
});
