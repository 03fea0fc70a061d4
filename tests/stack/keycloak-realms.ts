import { readFile } from 'node:fs/promises';
import { applyAndVerify } from '@medshare/app/realm/apply-realm';
import { describeRealm, type Realm } from '@medshare/app/realm/describe-realm';
import { KeycloakAdmin, type Representation } from '@medshare/app/realm/keycloak-admin';
import { systemRandom } from '@medshare/clock';
import { describedStack } from './running-stack.js';

/** A realm of its own on the stack's Keycloak, as `medshare realm apply` makes it, with one person and the service account. */
export interface TryRealm {
  readonly issuer: string;
  readonly authorities: string;
  readonly realm: Realm;
  readonly admin: KeycloakAdmin;
  readonly person: { readonly username: string; readonly password: string; readonly roles: readonly string[] };
  readonly feed: { readonly clientId: string; readonly secret: string };
  /** Secret of a service account of the realm that has nothing to do with medshare: its tokens name no audience of ours. */
  readonly stranger: { readonly clientId: string; readonly secret: string };
  /** A new signing key that signs from now on; the others are still published. */
  rotate(): Promise<void>;
  /** Only the key that signs is published from now on. */
  withdraw(): Promise<void>;
  remove(): Promise<void>;
}

const password = Buffer.from(systemRandom.bytes(15)).toString('base64url');
const person = { username: 'mei', password, roles: ['clinician'] };
const keyProvider = 'org.keycloak.keys.KeyProvider';

/** @param publicUrl where the institution's pages are */
export async function makeRealm(publicUrl?: string): Promise<TryRealm> {
  const { keycloak, authority } = await describedStack();
  const authorities = await readFile(authority, 'utf8');
  const issuer = `${keycloak.url}/realms/try-${systemRandom.uuid().slice(0, 8)}`;
  const login = {
    realm: 'master',
    username: keycloak.adminUser,
    password: (await readFile(keycloak.adminPasswordFile, 'utf8')).trimEnd(),
  };
  const admin = await KeycloakAdmin.signIn({ baseUrl: keycloak.url, authorities, login });
  const realm = describeRealm({
    institution: 'harbor',
    http: { host: '127.0.0.1', port: 7101, publicUrl },
    identity: { issuer, audience: 'medshare' } as Parameters<typeof describeRealm>[0]['identity'],
  });
  await applyAndVerify(admin, realm);
  const base = `/${realm.realm}`;
  await makePerson(admin, base);
  const stranger = { clientId: 'stranger', secret: Buffer.from(systemRandom.bytes(15)).toString('base64url') };
  await admin.write('POST', `${base}/clients`, {
    ...stranger,
    publicClient: false,
    standardFlowEnabled: false,
    serviceAccountsEnabled: true,
  });
  const feed = (await admin.list(`${base}/clients?clientId=feed`)).at(0);
  let priority = 100;
  const signers = async (): Promise<Representation[]> =>
    (await admin.list(`${base}/components?type=${keyProvider}`)).filter(
      ({ providerId }) => providerId === 'rsa-generated',
    );
  const priorityOf = ({ config }: Representation) => Number((config as { priority?: string[] }).priority?.[0]);
  return {
    issuer,
    authorities,
    realm,
    admin,
    person,
    feed: { clientId: 'feed', secret: String(feed?.['secret']) },
    stranger,
    async rotate() {
      priority += 100;
      const config = { priority: [String(priority)], enabled: ['true'], active: ['true'], algorithm: ['RS256'] };
      const name = `rsa-${priority}`;
      const { id: parentId } = (await admin.read(base)) as { id: string };
      const key = { name, providerId: 'rsa-generated', providerType: keyProvider, parentId, config };
      await admin.write('POST', `${base}/components`, key);
    },
    async withdraw() {
      const keys = (await signers()).sort((a, b) => priorityOf(a) - priorityOf(b));
      for (const { id } of keys.slice(0, -1)) await admin.write('DELETE', `${base}/components/${id}`);
    },
    remove: () => admin.write('DELETE', base),
  };
}

async function makePerson(admin: KeycloakAdmin, base: string): Promise<void> {
  const credentials = [{ type: 'password', value: password, temporary: false }];
  await admin.write('POST', `${base}/users`, { username: person.username, enabled: true, credentials });
  const user = (await admin.list(`${base}/users?username=${person.username}&exact=true`)).at(0);
  const held = (await admin.list(`${base}/roles`)).filter(({ name }) => person.roles.includes(name ?? ''));
  await admin.write('POST', `${base}/users/${user?.id}/role-mappings/realm`, held);
}
