import { readFileSync } from 'node:fs';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import { rolesFor } from '@medshare/identity/nest';
import { routesOf } from '@medshare/openapi';
import { cliClient } from '@medshare/identity/embedded-clients';
import { demoUsers } from '../found/demo.js';
import { hollowInstitution } from '../run/hollow-institution.fixture.js';
import { realmRoles } from './realm-roles.js';

interface Client {
  clientId: string;
  publicClient?: boolean;
  standardFlowEnabled?: boolean;
  implicitFlowEnabled?: boolean;
  directAccessGrantsEnabled?: boolean;
  fullScopeAllowed?: boolean;
  redirectUris?: string[];
  webOrigins?: string[];
  defaultClientScopes?: string[];
  optionalClientScopes?: string[];
  attributes?: Record<string, string>;
}
interface Mapper {
  protocolMapper: string;
  config: Record<string, string>;
}
type RealmFile = Record<string, number | boolean | string> & {
  clients: Client[];
  roles: { realm: { name: string; composites?: object }[] };
  clientScopes: { name: string; protocolMappers: Mapper[] }[];
  scopeMappings: { client: string; roles: string[] }[];
  users: { username: string; serviceAccountClientId?: string; realmRoles: string[]; clientRoles?: object }[];
  components: Record<string, { config: Record<string, string[]> }[]>;
};

const text = readFileSync('deploy/keycloak/realm-harbor.json', 'utf8');
const read = (): RealmFile => JSON.parse(text) as RealmFile;
const minutes = (n: number) => 60 * n;
type Attribute = { name: string; permissions: { edit: string[]; view: string[] }; required?: object };
const attributesOf = ({ components }: RealmFile): Attribute[] =>
  (
    JSON.parse(
      components['org.keycloak.userprofile.UserProfileProvider']![0]!.config['kc.user.profile.config']![0]!,
    ) as { attributes: Attribute[] }
  ).attributes;

/** Each rule with a change that breaks it, so that no rule can hold by not looking. */
const rules: [string, (file: RealmFile) => boolean, (file: RealmFile) => unknown][] = [
  [
    'guessing is slowed down',
    (file) => file.bruteForceProtected === true && Number(file.failureFactor) <= 10,
    (file) => (file.bruteForceProtected = false),
  ],
  ['nothing in clear', ({ sslRequired }) => sslRequired === 'all', (file) => (file.sslRequired = 'external')],
  [
    'access tokens of five minutes at most',
    (file) => Number(file.accessTokenLifespan) <= minutes(5),
    (file) => (file.accessTokenLifespan = minutes(60)),
  ],
  [
    'sessions end: after half an hour without use, and with the shift',
    (file) => Number(file.ssoSessionIdleTimeout) <= minutes(30) && Number(file.ssoSessionMaxLifespan) <= minutes(480),
    (file) => (file.ssoSessionMaxLifespan = minutes(6000)),
  ],
  [
    'a refresh token serves once',
    (file) => file.revokeRefreshToken === true && file.refreshTokenMaxReuse === 0,
    (file) => (file.refreshTokenMaxReuse = 3),
  ],
  [
    'nobody makes an account or resets a password alone',
    (file) => file.registrationAllowed === false && file.resetPasswordAllowed === false && file.rememberMe === false,
    (file) => (file.registrationAllowed = true),
  ],
  [
    'no direct access grants and no implicit flow, also at Keycloak’s own command line client',
    ({ clients }) =>
      clients.some(({ clientId }) => clientId === 'admin-cli') &&
      clients.every((one) => one.directAccessGrantsEnabled === false && one.implicitFlowEnabled === false),
    ({ clients }) => (clients.find(({ clientId }) => clientId === 'admin-cli')!.directAccessGrantsEnabled = true),
  ],
  [
    'public clients prove themselves by PKCE with S256',
    ({ clients }) =>
      clients.some((one) => one.publicClient === true) &&
      clients.every((one) => one.publicClient !== true || one.attributes?.['pkce.code.challenge.method'] === 'S256'),
    ({ clients }) => (clients[0]!.attributes!['pkce.code.challenge.method'] = 'plain'),
  ],
  [
    'people are sent back to whole addresses only, by https or on their own machine',
    ({ clients }) =>
      clients.every(
        ({ redirectUris = [], webOrigins = [], attributes }) =>
          webOrigins.length === 0 &&
          [...redirectUris, ...(attributes?.['post.logout.redirect.uris']?.split('##') ?? [])].every(
            (uri) => !uri.includes('*') && /^(https:\/\/[^/]+|http:\/\/127\.0\.0\.1)\/[a-z/-]+$/.test(uri),
          ),
      ),
    ({ clients }) => clients[0]!.redirectUris!.push('https://medshare.harbor.example/*'),
  ],
  [
    'tokens carry the audience, and no claim that medshare does not read',
    ({ clients, clientScopes }) =>
      clientScopes.length === 1 &&
      clientScopes[0]!.protocolMappers.length === 5 &&
      clientScopes[0]!.protocolMappers.some(
        ({ protocolMapper, config }) =>
          protocolMapper === 'oidc-audience-mapper' && config['included.custom.audience'] === 'medshare',
      ) &&
      clients
        .filter(({ clientId }) => clientId !== 'admin-cli')
        .every((one) => `${one.defaultClientScopes}` === 'medshare' && one.optionalClientScopes?.length === 0),
    ({ clientScopes }) => clientScopes[0]!.protocolMappers.pop(),
  ],
  [
    'a client’s tokens carry the roles that it is for, a program’s none of people',
    ({ clients, scopeMappings, users }) =>
      clients.every(({ clientId, fullScopeAllowed }) => clientId === 'admin-cli' || fullScopeAllowed === false) &&
      scopeMappings.every(({ client, roles }) =>
        client === 'feed' ? `${roles}` === 'feed' : !roles.includes('feed'),
      ) &&
      users.every(({ realmRoles }) => `${realmRoles}` === 'feed'),
    ({ scopeMappings }) => scopeMappings.find(({ client }) => client === 'feed')!.roles.push('admin'),
  ],
  [
    'no password and no secret, and nobody in it but service accounts',
    (file) =>
      !/"(secret|credentials|password|value|clientSecret)"/i.test(JSON.stringify(file)) &&
      file.users.every(
        ({ username, serviceAccountClientId, clientRoles }) =>
          serviceAccountClientId !== undefined &&
          username === `service-account-${serviceAccountClientId}` &&
          !clientRoles,
      ),
    ({ users }) => users.push({ username: 'admin', realmRoles: ['feed'] }),
  ],
  [
    'no role holds another',
    ({ roles }) => roles.realm.every(({ composites }) => composites === undefined),
    ({ roles }) => (roles.realm[0]!.composites = { client: { 'realm-management': ['realm-admin'] } }),
  ],
  [
    'who a patient is, only an administrator says; nothing is asked of people at sign-in',
    (file) =>
      `${attributesOf(file).find(({ name }) => name === 'patient')?.permissions.edit}` === 'admin' &&
      attributesOf(file).every(
        ({ required, permissions }) => required === undefined && `${permissions.edit}` === 'admin',
      ),
    ({ components }) => {
      const config = components['org.keycloak.userprofile.UserProfileProvider']![0]!.config;
      config['kc.user.profile.config'] = [
        config['kc.user.profile.config']![0]!.replace('"edit":["admin"]', '"edit":["user"]'),
      ];
    },
  ],
  [
    'what happens is kept for 90 days',
    (file) => file.eventsEnabled === true && file.adminEventsEnabled === true && file.eventsExpiration === 86_400 * 90,
    (file) => (file.eventsEnabled = false),
  ],
];

describe('the realm as a file', () => {
  it.each(rules)('%s', (_, holds, broken) => {
    expect(holds(read())).toBe(true);
    const file = read();
    broken(file);
    expect(holds(file)).toBe(false);
  });

  it('sends the command line back to where it reads the code', () => {
    const cli = read().clients.find(({ clientId }) => clientId === cliClient.clientId);
    expect(cli?.redirectUris).toEqual(cliClient.redirectUris);
  });
});

describe('the realm’s roles', () => {
  interface Asked {
    role: string;
    method: string;
    path: string;
  }
  let asked: Asked[];
  beforeAll(async () => {
    const app = await NestFactory.create(hollowInstitution(), { preview: true, logger: false });
    const controllers = [...app.get(ModulesContainer).values()].flatMap(({ controllers: some }) =>
      [...some.values()].map(({ metatype }) => metatype as unknown as { prototype: object }),
    );
    await app.close();
    asked = controllers.flatMap((one) =>
      routesOf(one).flatMap(({ handler, route }) => rolesFor(one, handler).map((role) => ({ role, ...route }))),
    );
  });

  it('are those that routes ask for and the demo’s people hold', () => {
    const wanted = new Set([...asked.map(({ role }) => role), ...demoUsers.flatMap(({ roles }) => roles)]);
    expect(new Set(Object.keys(realmRoles))).toEqual(wanted);
    expect(read().roles.realm.map(({ name }) => name)).toEqual(Object.keys(realmRoles));
  });

  it('let a regulator read, and change nothing', () => {
    const open = asked.filter(({ role }) => role === 'regulator');
    expect(open.length).toBeGreaterThan(3);
    // what a named clinician would see: a question with a body, which decides nothing
    expect(open.filter(({ method }) => method !== 'get').map(({ path }) => path)).toEqual(['/access/$evaluate']);
  });
});
