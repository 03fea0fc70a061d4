import { cliClient } from '@medshare/identity/embedded-clients';
import { realmOf } from '../config/identity.js';
import type { Config } from '../config.js';
import { callbackUrl, consoleClient, signedOutUrl } from '../run/public-url.js';
import { peopleRoles, realmRoles, type RealmRole } from './realm-roles.js';

/** A part of Keycloak's admin representations: only what medshare has an opinion on. */
export type Part = Readonly<Record<string, unknown>>;

/** What a realm must be for an institution, in the words of Keycloak's admin API (26). */
export interface Realm {
  readonly realm: string;
  readonly settings: Part;
  readonly roles: readonly { readonly name: string; readonly description: string }[];
  readonly scope: Part & { readonly name: string; readonly protocolMappers: readonly Mapper[] };
  readonly clients: readonly RealmClient[];
  /** What is kept of people (user profile). */
  readonly attributes: readonly Attribute[];
}

export type Mapper = Part & { readonly name: string };
export type Attribute = Part & { readonly name: string };

export interface RealmClient {
  readonly clientId: string;
  readonly settings: Part;
  /** Client scopes: which claims its tokens carry; undefined where that is not medshare's. */
  readonly scopes?: readonly string[];
  /** Realm roles that its tokens may carry. */
  readonly roles?: readonly RealmRole[];
  /** Realm roles of its service account. */
  readonly accountRoles?: readonly RealmRole[];
}

export const scopeName = 'medshare';
const second = 1;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** The realm of one institution, made from its configuration: name, addresses and audience stand there. */
export function describeRealm(config: Pick<Config, 'identity' | 'institution' | 'http'>): Realm {
  const { issuer, audience } = config.identity;
  return {
    realm: realmOf(issuer)?.realm ?? config.institution,
    settings: settingsOf(config.institution, issuer),
    roles: Object.entries(realmRoles).map(([name, description]) => ({ name, description })),
    scope: scopeOf(audience),
    clients: [consoleOf(config), cliOf(), feedOf(), adminCli],
    attributes,
  };
}

const settingsOf = (institution: string, issuer: string): Part => ({
  displayName: `medshare at ${institution}`,
  enabled: true,
  // passwords and tokens never in clear
  sslRequired: issuer.startsWith('https:') ? 'all' : 'external',
  defaultSignatureAlgorithm: 'RS256',
  registrationAllowed: false,
  resetPasswordAllowed: false,
  rememberMe: false,
  editUsernameAllowed: false,
  loginWithEmailAllowed: false,
  duplicateEmailsAllowed: false,
  ...guessing,
  passwordPolicy: 'length(12) and maxLength(256) and notUsername(undefined)',
  ...lifespans,
  // a refresh token serves once
  revokeRefreshToken: true,
  refreshTokenMaxReuse: 0,
  eventsEnabled: true,
  eventsExpiration: 90 * day,
  adminEventsEnabled: true,
  adminEventsDetailsEnabled: false,
});

const guessing = {
  bruteForceProtected: true,
  permanentLockout: false,
  failureFactor: 5,
  waitIncrementSeconds: 5 * minute,
  maxFailureWaitSeconds: 15 * minute,
  minimumQuickLoginWaitSeconds: minute,
  quickLoginCheckMilliSeconds: 1000,
  maxDeltaTimeSeconds: 12 * hour,
};

const lifespans = {
  accessTokenLifespan: 5 * minute,
  accessTokenLifespanForImplicitFlow: 5 * minute,
  accessCodeLifespan: minute,
  accessCodeLifespanLogin: 10 * minute,
  accessCodeLifespanUserAction: 5 * minute,
  ssoSessionIdleTimeout: 30 * minute,
  ssoSessionMaxLifespan: 8 * hour,
  offlineSessionIdleTimeout: 8 * hour,
  offlineSessionMaxLifespanEnabled: true,
  offlineSessionMaxLifespan: 8 * hour,
};

/** The claims that medshare reads, and no more: no names, no addresses. */
const scopeOf = (audience: string): Realm['scope'] => ({
  name: scopeName,
  description: 'The claims that medshare reads',
  protocol: 'openid-connect',
  attributes: { 'include.in.token.scope': 'false', 'display.on.consent.screen': 'false' },
  protocolMappers: [
    mapper('subject', 'oidc-sub-mapper', {}),
    mapper('username', 'oidc-usermodel-attribute-mapper', {
      'user.attribute': 'username',
      'claim.name': 'preferred_username',
      'jsonType.label': 'String',
      'id.token.claim': 'true',
    }),
    mapper('roles', 'oidc-usermodel-realm-role-mapper', {
      'claim.name': 'realm_access.roles',
      'jsonType.label': 'String',
      multivalued: 'true',
      'id.token.claim': 'false',
    }),
    mapper('patient', 'oidc-usermodel-attribute-mapper', {
      'user.attribute': 'patient',
      'claim.name': 'patient',
      'jsonType.label': 'String',
      'id.token.claim': 'false',
    }),
    mapper('audience', 'oidc-audience-mapper', { 'included.custom.audience': audience, 'id.token.claim': 'false' }),
  ],
});

const mapper = (name: string, protocolMapper: string, config: Part): Mapper => ({
  name,
  protocol: 'openid-connect',
  protocolMapper,
  config: { 'access.token.claim': 'true', 'introspection.token.claim': 'true', ...config },
});

/** A client with nothing allowed. */
const closed: Part = {
  enabled: true,
  protocol: 'openid-connect',
  publicClient: false,
  bearerOnly: false,
  standardFlowEnabled: false,
  implicitFlowEnabled: false,
  directAccessGrantsEnabled: false,
  serviceAccountsEnabled: false,
  fullScopeAllowed: false,
  redirectUris: [],
  webOrigins: [],
};

/** People in front of it, no secret: proves itself by PKCE with S256 (RFC 7636), which is required. */
const forPeople = (redirectUris: readonly string[], signedOut?: string): Part => ({
  ...closed,
  publicClient: true,
  standardFlowEnabled: true,
  redirectUris,
  attributes: {
    'pkce.code.challenge.method': 'S256',
    'oauth2.device.authorization.grant.enabled': 'false',
    ...(signedOut !== undefined && { 'post.logout.redirect.uris': signedOut }),
  },
});

const consoleOf = (config: Pick<Config, 'http'>): RealmClient => ({
  clientId: consoleClient,
  settings: {
    name: 'medshare in the browser',
    ...forPeople([callbackUrl(config)], signedOutUrl(config)),
  },
  scopes: [scopeName],
  roles: peopleRoles,
});

const cliOf = (): RealmClient => ({
  clientId: cliClient.clientId,
  settings: { name: 'medshare on the command line', ...forPeople(cliClient.redirectUris) },
  scopes: [scopeName],
  roles: peopleRoles,
});

/** Its secret is made by Keycloak, and stands in no file of ours. */
const feedOf = (): RealmClient => ({
  clientId: 'feed',
  settings: { name: 'A hospital’s system that sends records', ...closed, serviceAccountsEnabled: true },
  scopes: [scopeName],
  roles: ['feed'],
  accountRoles: ['feed'],
});

/** Keycloak makes it in every realm with passwords accepted directly. */
const adminCli: RealmClient = {
  clientId: 'admin-cli',
  settings: { directAccessGrantsEnabled: false, standardFlowEnabled: false, implicitFlowEnabled: false },
};

/** People have a name to sign in with; who a patient is, only an administrator may say. */
const attributes: readonly Attribute[] = [
  attribute('username', ['admin', 'user'], {
    length: { min: 1, max: 64 },
    pattern: pattern('^[a-z0-9][a-z0-9._@-]*$'),
  }),
  attribute('email', ['admin', 'user'], { email: {}, length: { max: 255 } }),
  attribute('firstName', ['admin', 'user'], { length: { max: 255 } }),
  attribute('lastName', ['admin', 'user'], { length: { max: 255 } }),
  attribute('patient', ['admin'], { length: { max: 321 }, pattern: pattern('^[^|\\s]+\\|[^|\\s]+$') }),
];

function attribute(name: string, view: readonly string[], validations: Part): Attribute {
  return { name, permissions: { view, edit: ['admin'] }, validations, multivalued: false };
}

function pattern(text: string): Part {
  return { pattern: text, 'error-message': '' };
}
