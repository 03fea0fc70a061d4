import type { Part, Realm, RealmClient } from './describe-realm.js';

/** The realm as Keycloak's `start --import-realm` and `kc.sh import` take it: a realm representation that needs nothing beside it. */
export function realmFile({ realm, settings, roles, scope, clients, attributes }: Realm): Part {
  return {
    realm,
    ...settings,
    roles: { realm: roles },
    clientScopes: [scope],
    defaultDefaultClientScopes: [],
    clients: clients.map(clientOf),
    scopeMappings: clients.flatMap(({ clientId, roles: allowed }) =>
      allowed ? [{ client: clientId, roles: allowed }] : [],
    ),
    users: clients.flatMap(serviceAccountOf),
    components: {
      'org.keycloak.userprofile.UserProfileProvider': [
        {
          providerId: 'declarative-user-profile',
          config: { 'kc.user.profile.config': [JSON.stringify({ attributes })] },
        },
      ],
    },
  };
}

const clientOf = ({ clientId, settings, scopes }: RealmClient): Part => ({
  clientId,
  ...settings,
  ...(scopes && { defaultClientScopes: scopes, optionalClientScopes: [] }),
});

const serviceAccountOf = ({ clientId, accountRoles }: RealmClient): Part[] =>
  accountRoles === undefined
    ? []
    : [
        {
          username: `service-account-${clientId}`,
          enabled: true,
          serviceAccountClientId: clientId,
          realmRoles: accountRoles,
        },
      ];
