import type { Config } from '@medshare/app/config';
import { demoUsers } from '@medshare/app/found/demo';
import { readDemoSecrets } from '@medshare/app/found/found-demo';
import { applyAndVerify } from '@medshare/app/realm/apply-realm';
import { describeRealm } from '@medshare/app/realm/describe-realm';
import type { KeycloakAdmin } from '@medshare/app/realm/keycloak-admin';

/** An institution's realm as `medshare realm apply` makes it, with the demo's people and the secret of its service account. Idempotent. */
export async function furnishRealm(admin: KeycloakAdmin, config: Config, data: string): Promise<void> {
  const realm = describeRealm(config);
  await applyAndVerify(admin, realm);
  const { passwords, feeds } = await readDemoSecrets(data);
  const { institution } = config;
  const base = `/${realm.realm}`;
  const roles = await admin.list(`${base}/roles`);
  for (const user of demoUsers) {
    const find = async () => (await admin.list(`${base}/users?exact=true&username=${user.username}`)).at(0);
    if (await find()) continue;
    await admin.write('POST', `${base}/users`, {
      username: user.username,
      enabled: true,
      ...(user.patient !== undefined && { attributes: { patient: [user.patient] } }),
      credentials: [{ type: 'password', value: passwords[institution]?.[user.username], temporary: false }],
    });
    const held = roles.filter(({ name }) => name !== undefined && user.roles.includes(name));
    await admin.write('POST', `${base}/users/${(await find())?.id}/role-mappings/realm`, held);
  }
  const feed = (await admin.list(`${base}/clients?clientId=feed`)).at(0);
  const secret = feeds[institution];
  if (feed?.['secret'] !== secret) await admin.write('PUT', `${base}/clients/${feed?.id}`, { ...feed, secret });
}
