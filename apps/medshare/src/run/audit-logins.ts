import type { Login } from '@medshare/identity/embedded-oidc.driver';
import type { RoleContext } from '@medshare/role';

const problems = {
  wrong: 'auth.unauthenticated',
  locked: 'request.rate-limited',
  unrecorded: 'audit.unavailable',
} as const;

/**
 * Writes sign-ins down in the institution's own database, from where they reach the audit log. That is durable before the answer and
 * needs no other role, so that people can still sign in while the audit role restarts: nothing is released without a receipt anyway.
 */
export const auditLogins =
  ({ database, audit }: Pick<RoleContext, 'database' | 'audit'>) =>
  ({ username, outcome }: Login): Promise<void> =>
    database.transaction((tx) =>
      audit.append(tx, {
        action: outcome === 'succeeded' ? 'login.succeeded' : 'login.failed',
        ...(outcome === 'succeeded'
          ? { outcome: 'success' as const }
          : { outcome: 'refused' as const, problem: problems[outcome] }),
        ...(username === undefined ? {} : { agent: { person: username } }),
        entities: [],
      }),
    );
