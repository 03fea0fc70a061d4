import { configSchema } from './schema.js';

const mistakes = (identity: object): string[] =>
  (
    configSchema.safeParse({
      region: 'east',
      institution: 'harbor',
      data: '.',
      peers: { key: 'k', cert: 'c', authorities: { harbor: 'a' }, urls: { harbor: 'https://127.0.0.1:1' } },
      keys: 'file:kek',
      identity,
    }).error?.issues ?? []
  ).map(({ path, message }) => `${path.join('.')}: ${message}`);

const issuer = 'https://sso.harbor.example/realms/harbor';

describe('the configuration of identity', () => {
  it('takes any provider, a realm of Keycloak, and the one in this process', () => {
    expect(mistakes({ issuer: 'https://sso.harbor.example' })).toEqual([]);
    expect(mistakes({ issuer, driver: 'keycloak', authorities: 'ca.pem', keyMaxAge: 60_000 })).toEqual([]);
    expect(mistakes({ issuer: 'http://127.0.0.1:7101/realms/harbor', embedded: true })).toEqual([]);
  });

  it.each([
    [
      'keys over plain HTTP from elsewhere',
      { issuer: 'http://sso.harbor.example/realms/harbor' },
      'issuer: must be https',
    ],
    [
      'Keycloak without a realm',
      { issuer: 'https://sso.harbor.example', driver: 'keycloak' },
      'issuer: must end in /realms/',
    ],
    ['Keycloak in this process', { issuer, driver: 'keycloak', embedded: true }, 'driver: must be oidc'],
    ['a final slash, which no token carries', { issuer: `${issuer}/` }, 'issuer: must be an http or https URL without'],
    ['keys kept without end', { issuer, keyMaxAge: 90_000_000 }, 'keyMaxAge: Too big'],
    ['an unknown driver', { issuer, driver: 'saml' }, 'driver: Invalid option'],
  ])('refuses %s', (_, identity, mistake) => {
    expect(mistakes(identity)).toEqual([expect.stringContaining(`identity.${mistake}`)]);
  });
});
