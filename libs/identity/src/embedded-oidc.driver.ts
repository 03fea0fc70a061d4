import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import { join } from 'node:path';
import type { ClientMetadata, Configuration } from 'oidc-provider';
import { Provider } from 'oidc-provider/lib/provider.js';
import { z } from 'zod';
import type { Clock, Random } from '@medshare/clock';
import { boundedAdapter } from './bounded-adapter.js';
import { cliClient, publicClient, serviceClient, type PublicClient, type ServiceAccount } from './embedded-clients.js';
import { LoginLimit } from './login-limit.js';
import { logoutSource, postLogoutSuccessSource } from './logout-page.js';
import { loginHeaders, loginPage, type LoginFailure } from './login-page.js';
import { readPrivate, writePrivate } from './private-file.js';
import { openSigningKeys, type SigningKey } from './signing-keys.js';
import { UserStore } from './user-store.js';

export interface EmbeddedProviderOptions {
  /** Where the application is reached, e.g. `http://127.0.0.1:8081`; the issuer is `<baseUrl>/realms/<institution>`. */
  baseUrl: string;
  institution: string;
  /** Keeps signing keys, cookie key and users, each in a file of mode 0600. */
  folder: string;
  /** Applications with people in front of them; the command line's is always there. */
  clients?: readonly PublicClient[];
  serviceAccounts?: readonly ServiceAccount[];
  /** Whether a proxy in front terminates TLS and says so in X-Forwarded headers. */
  behindProxy?: boolean;
  /**
   * Told of every attempt to sign in, before it is answered. A sign-in that cannot be told is not given (503); a refusal stays a
   * refusal whether it could be told or not.
   */
  onLogin?: (login: Login) => Promise<void>;
  clock: Clock;
  random: Random;
}

/** An attempt to sign in. What was typed as a name that nobody has may be a password: it is not passed on. */
export interface Login {
  username?: string;
  outcome: 'succeeded' | LoginFailure;
}

export interface EmbeddedProvider {
  readonly issuer: string;
  readonly users: UserStore;
  /** Puts the realm's routes on an application; before any body parser. */
  mount(app: Express): void;
}

/** The one resource that tokens are for, and their `aud`. */
const audience = 'medshare';
const resource = 'urn:medshare:api';
/** Seconds. */
const ttl = {
  AccessToken: 300,
  ClientCredentials: 300,
  AuthorizationCode: 60,
  IdToken: 300,
  Interaction: 600,
} as const;
const shift = 8 * 3600;

/**
 * An OpenID Connect provider in process, with Keycloak's issuer, routes and token shape, for an institution that has none
 * yet. Accounts live in a file and sessions in memory of one process: a real deployment brings its own provider.
 */
export async function createEmbeddedProvider(options: EmbeddedProviderOptions): Promise<EmbeddedProvider> {
  const { baseUrl, institution, folder, clock, random } = options;
  const realm = `/realms/${institution}`;
  const users = await UserStore.open(join(folder, 'users.json'), random);
  const keys = await openSigningKeys(join(folder, 'signing-keys.json'));
  const cookieKey = await openCookieKey(join(folder, 'cookie-key.json'), random);
  const provider = new Provider(baseUrl + realm, configurationOf(options, { users, keys, cookieKey, realm }));
  provider.proxy = options.behindProxy ?? false;
  const limit = new LoginLimit(clock);
  return {
    issuer: baseUrl + realm,
    users,
    mount(app) {
      const path = `${realm}/interaction/:uid`;
      app.get(path, showLogin(provider, institution));
      app.post(path, express.urlencoded({ extended: false, limit: '4kb' }), signIn(provider, options, users, limit));
      app.use(realm, provider.callback());
    },
  };
}

interface State {
  users: UserStore;
  keys: SigningKey[];
  cookieKey: string;
  realm: string;
}

function configurationOf(options: EmbeddedProviderOptions, { users, keys, cookieKey, realm }: State): Configuration {
  const { clients = [], serviceAccounts = [], institution, clock } = options;
  const flags = { path: realm, sameSite: 'lax', httpOnly: true, signed: true } as const;
  return {
    adapter: boundedAdapter(clock),
    clients: clientsOf(clients, serviceAccounts),
    jwks: { keys } as Configuration['jwks'],
    // cookies are shared by all ports of a host, and a demo runs several institutions on one
    cookies: { keys: [cookieKey], names: namesOf(institution), short: flags, long: flags },
    pkce: { required: () => true },
    scopes: ['openid', 'offline_access'],
    claims: { openid: ['sub', 'preferred_username', 'realm_access'] },
    findAccount: (_, id) => {
      const user = users.byId(id);
      return user && { accountId: id, claims: () => ({ sub: id, ...claimsOf(user) }) };
    },
    extraTokenClaims: (_, token) => {
      const user = token.kind === 'AccessToken' ? users.byId(token.accountId) : undefined;
      const account = serviceAccounts.find(({ clientId }) => clientId === token.clientId);
      return {
        typ: 'Bearer',
        azp: token.clientId,
        ...(user
          ? claimsOf(user)
          : claimsOf({
              username: `service-account-${token.clientId}`,
              roles: token.kind === 'AccessToken' ? [] : (account?.roles ?? []),
            })),
      };
    },
    issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
    clientBasedCORS: (_, origin, client) => (client.redirectUris ?? []).some((uri) => new URL(uri).origin === origin),
    features: featuresOf(),
    routes: routes,
    interactions: { url: (_, { uid }) => `${realm}/interaction/${uid}` },
    ttl: { ...ttl, Session: shift, Grant: shift, RefreshToken: shift },
    renderError: (ctx, { error }) => {
      ctx.type = 'text/plain';
      ctx.body = error;
    },
  };
}

const clientsOf = (clients: readonly PublicClient[], accounts: readonly ServiceAccount[]): ClientMetadata[] => [
  ...[cliClient, ...clients].map(publicClient),
  ...accounts.map(serviceClient),
];

const claimsOf = ({ username, roles, patient }: { username: string; roles: readonly string[]; patient?: string }) => ({
  preferred_username: username,
  realm_access: { roles: [...roles] },
  ...(patient === undefined ? {} : { patient }),
});

const namesOf = (institution: string) => ({
  session: `${institution}_session`,
  interaction: `${institution}_interaction`,
  resume: `${institution}_resume`,
});

/** Keycloak's paths below the realm. */
const routes: Configuration['routes'] = {
  authorization: '/protocol/openid-connect/auth',
  token: '/protocol/openid-connect/token',
  jwks: '/protocol/openid-connect/certs',
  userinfo: '/protocol/openid-connect/userinfo',
  end_session: '/protocol/openid-connect/logout',
  revocation: '/protocol/openid-connect/revoke',
};

const featuresOf = (): Configuration['features'] => ({
  devInteractions: { enabled: false },
  clientCredentials: { enabled: true },
  // a client ends what it was given, and no other's
  revocation: { enabled: true, allowedPolicy: (_, client, token) => token.clientId === client.clientId },
  rpInitiatedLogout: { enabled: true, logoutSource, postLogoutSuccessSource },
  pushedAuthorizationRequests: { enabled: false },
  resourceIndicators: {
    enabled: true,
    defaultResource: () => resource,
    useGrantedResource: () => true,
    getResourceServerInfo: () => ({
      scope: 'api',
      audience,
      accessTokenFormat: 'jwt',
      accessTokenTTL: ttl.AccessToken,
      jwt: { sign: { alg: 'RS256' } },
    }),
  },
});

/** A sign-in that is unknown or over: told in words, never with a stack. */
const orExpired =
  (handle: (req: Request, res: Response) => Promise<void>): RequestHandler =>
  (req, res) =>
    handle(req, res).catch(() => {
      if (res.headersSent) return void res.destroy();
      res.status(400).type('text/plain').send('This sign-in is over. Go back and start again.');
    });

const showLogin = (provider: Provider, institution: string): RequestHandler =>
  orExpired(async (req, res) => {
    const { params } = await provider.interactionDetails(req, res);
    page(res, 200, institution, String(params.redirect_uri));
  });

const credentials = z.object({ username: z.string().max(64), password: z.string().max(256) });

const signIn = (
  provider: Provider,
  { institution, onLogin = () => Promise.resolve() }: EmbeddedProviderOptions,
  users: UserStore,
  limit: LoginLimit,
): RequestHandler =>
  orExpired(async (req, res) => {
    const { params } = await provider.interactionDetails(req, res);
    const given = credentials.safeParse(req.body).data;
    const username = given?.username.trim().toLowerCase() ?? '';
    const known = users.has(username) ? { username } : {};
    const answer = (status: number, why: LoginFailure) =>
      page(res, status, institution, String(params.redirect_uri), why);
    const refuse = async (status: number, why: LoginFailure) => {
      await onLogin({ ...known, outcome: why }).catch(() => undefined);
      return answer(status, why);
    };
    if (given === undefined) return refuse(400, 'wrong');
    if (!limit.attempt(username)) return refuse(429, 'locked');
    const user = await users.authenticate(username, given.password);
    if (user === undefined) return refuse(401, 'wrong');
    limit.succeeded(username);
    const told = await onLogin({ username, outcome: 'succeeded' }).then(
      () => true,
      () => false,
    );
    if (!told) return answer(503, 'unrecorded');
    const grant = new provider.Grant({ accountId: user.id, clientId: String(params.client_id) });
    grant.addOIDCScope('openid offline_access');
    grant.addResourceScope(resource, 'api');
    const result = { login: { accountId: user.id }, consent: { grantId: await grant.save() } };
    await provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false });
    return undefined;
  });

function page(res: Response, status: number, institution: string, redirectUri: string, failure?: LoginFailure): void {
  res.status(status).set(loginHeaders(redirectUri)).send(loginPage(institution, failure));
}

async function openCookieKey(path: string, random: Random): Promise<string> {
  const schema = z.strictObject({ version: z.literal(1), key: z.base64url().length(43) });
  const stored = await readPrivate(path, schema);
  if (stored) return stored.key;
  const key = Buffer.from(random.bytes(32)).toString('base64url');
  await writePrivate(path, { version: 1, key });
  return key;
}
