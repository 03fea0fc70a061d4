import { readFile } from 'node:fs/promises';
import { get, type Asked } from '../get.js';
import { institutions, type Stack } from '../stack.js';

/** The administrator of the master realm: name, and which secret is its password. */
export const keycloakAdmin = { user: 'admin', secret: 'keycloak-admin' };

/** Secret of an institution's client in realm `infrastructure`, for tokens towards Kafka. */
export const infrastructureSecret = (institution: string): string => `keycloak-infrastructure-${institution}`;

const baseUrl = ({ ports }: Stack): string => `https://127.0.0.1:${ports.keycloak.https}`;

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
  const ca = await readFile(stack.certificates.authorityFile, 'utf8');
  const authorization = `Bearer ${await adminToken(stack, ca)}`;
  const ask = (path: string, asked: Asked = {}) =>
    get(`${baseUrl(stack)}${path}`, ca, { ...asked, headers: { authorization, 'content-type': 'application/json' } });
  if ((await ask('/admin/realms/infrastructure')).status === 200) return;
  const body = JSON.stringify(await infrastructureRealm(stack));
  const { status, body: answer } = await ask('/admin/realms', { method: 'POST', body });
  if (status !== 201 && status !== 409)
    throw new Error(`keycloak: the realm infrastructure cannot be made: ${status} ${answer.slice(0, 200)}`);
}

async function adminToken(stack: Stack, ca: string): Promise<string> {
  const { user, secret } = keycloakAdmin;
  const form = {
    grant_type: 'password',
    client_id: 'admin-cli',
    username: user,
    password: await stack.secrets.get(secret),
  };
  const { status, body } = await get(`${baseUrl(stack)}/realms/master/protocol/openid-connect/token`, ca, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  });
  if (status !== 200) throw new Error(`keycloak: the administrator cannot sign in: ${status} ${body.slice(0, 200)}`);
  return (JSON.parse(body) as { access_token: string }).access_token;
}
