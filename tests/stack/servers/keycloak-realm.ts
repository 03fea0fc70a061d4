import { readFile } from 'node:fs/promises';
import { KeycloakAdmin } from '@medshare/app/realm/keycloak-admin';
import { until } from '../../harness/demo.js';
import { institutions, type Stack } from '../stack.js';

/** The administrator of the master realm: name, and which secret is its password. */
export const keycloakAdmin = { user: 'admin', secret: 'keycloak-admin' };

/** Secret of an institution's client in realm `infrastructure`, for tokens towards Kafka. */
export const infrastructureSecret = (institution: string): string => `keycloak-infrastructure-${institution}`;

/** The realm in which an institution's people and programs sign in. */
export const issuerOf = (stack: Stack, institution: string): string => `${baseUrl(stack)}/realms/${institution}`;

export const baseUrl = ({ ports }: Stack): string => `https://127.0.0.1:${ports.keycloak.https}`;

/** Realm `infrastructure`: service accounts with which the institutions' programs sign in at Kafka (audience `kafka`). */
async function infrastructureRealm(stack: Stack): Promise<object> {
  const audience = {
    name: 'audience kafka',
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: { 'included.custom.audience': 'kafka', 'access.token.claim': 'true', 'id.token.claim': 'false' },
  };
  const clients = await Promise.all(
    institutions.map(async (clientId) => ({
      clientId,
      secret: await stack.secrets.get(infrastructureSecret(clientId)),
      publicClient: false,
      serviceAccountsEnabled: true,
      standardFlowEnabled: false,
      directAccessGrantsEnabled: false,
      protocolMappers: [audience],
    })),
  );
  return { realm: 'infrastructure', enabled: true, bruteForceProtected: true, accessTokenLifespan: 300, clients };
}

/** Makes the realm unless it is there. */
export async function furnishKeycloak(stack: Stack): Promise<void> {
  // its first answers take long on a busy machine
  const admin = await until('Keycloak signs its administrator in', () => keycloakAdministrator(stack), 60_000);
  if ((await admin.read('/infrastructure')) === undefined)
    await admin.write('POST', '', await infrastructureRealm(stack));
}

export async function keycloakAdministrator(stack: Stack): Promise<KeycloakAdmin> {
  const { user, secret } = keycloakAdmin;
  return KeycloakAdmin.signIn({
    baseUrl: baseUrl(stack),
    authorities: await readFile(stack.certificates.authorityFile, 'utf8'),
    login: { realm: 'master', username: user, password: await stack.secrets.get(secret) },
  });
}
