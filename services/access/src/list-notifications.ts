import type { Notification } from '@medshare/events';
import type { Principal } from '@medshare/identity';
import type { RoleContext } from '@medshare/role';
import type { NotificationSecrets } from './alert-people.js';
import type { IssueCertificate } from './issue-certificate.js';
import type { AccessStore } from './store/access-store.js';
import { unwrapJson } from './wrapped-json.js';

/** Notifications of one answer. */
const most = 500;

/** What a patient is told of access to their records, the newest first; seeing it is written down. */
export class ListNotifications {
  constructor(
    private readonly context: RoleContext,
    private readonly store: AccessStore,
    private readonly certificates: IssueCertificate,
  ) {}

  /** Nothing for an account of whose patient the provider says nothing. */
  async list({ username, patient: subject }: Principal): Promise<Notification[]> {
    if (!subject) return [];
    const patient = this.context.patientKey(subject.system, subject.value);
    const rows = await this.store.notification.findMany({ where: { patient }, orderBy: { at: 'desc' }, take: most });
    const now = new Date(this.context.clock.now());
    const fresh = rows.filter(({ seenAt }) => seenAt === null).map(({ id }) => id);
    if (fresh.length > 0) await this.seen(username, fresh, now);
    return Promise.all(rows.map((row) => this.describe({ ...row, seenAt: row.seenAt ?? now })));
  }

  private async seen(username: string, ids: string[], seenAt: Date): Promise<void> {
    await this.store.notification.updateMany({ where: { id: { in: ids }, seenAt: null }, data: { seenAt } });
    await this.context.audit.record({
      action: 'notification.read',
      outcome: 'success',
      agent: { person: this.certificates.pseudonym(username), roles: ['patient'] },
      entities: ids.slice(0, 60).map((id) => ({ kind: 'notification', id })),
    });
  }

  private async describe(row: { id: string; at: Date; seenAt: Date; sealed: Uint8Array }): Promise<Notification> {
    const secrets = await unwrapJson<NotificationSecrets>(this.context, row.sealed, `notification/${row.id}`);
    return { notificationId: row.id, at: row.at.getTime(), seenAt: row.seenAt.getTime(), ...secrets };
  }
}
