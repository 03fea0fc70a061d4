import { documentHash, fromBase64url } from '@medshare/crypto';
import type { DecisionReceipt, EmergencyReason, Notification, Review, StaffCertificate } from '@medshare/events';
import { uuidFrom } from '@medshare/fhir';
import type { EmergencyRules } from '@medshare/policy';
import type { AuditFact, RoleContext } from '@medshare/role';
import { wrapJson } from './wrapped-json.js';

const HOUR = 3_600_000;

/** What a review keeps of its emergency. */
export type ReviewSecrets = Pick<Review, 'requester' | 'reason' | 'classes'> & { owner?: string };
/** What a notification keeps of the access. */
export type NotificationSecrets = Omit<Notification, 'notificationId' | 'at' | 'seenAt'>;

interface Emergency {
  askId: string;
  certificate: StaffCertificate;
  reason: EmergencyReason;
}

interface Permitted {
  askId: string;
  expiresAt: number;
  purpose: string;
  certificate: StaffCertificate;
  reason: EmergencyReason | undefined;
  /** The owner's permits of one ask. */
  permits: readonly DecisionReceipt[];
  /** HMACs of the agreed identifiers that the records are under; none for patients without one. */
  patients: readonly string[];
}

/** Who must be told of an access: rows to be kept with the decision, and what is audited of them. */
export class AlertPeople {
  constructor(
    private readonly context: RoleContext,
    private readonly rules: EmergencyRules,
  ) {}

  /** A privacy officer's review of an emergency; one an ask and side. */
  async review(side: Review['side'], { askId, certificate, reason }: Emergency, classes: string[] = []) {
    const { clock, institution } = this.context;
    const now = clock.now();
    const id = this.idOf('review', { side, askId, institution });
    const { institution: from, person, roles } = certificate;
    const secrets: ReviewSecrets = {
      requester: { institution: from, person, roles },
      reason: { code: reason.code, text: reason.text },
      classes: classes as Review['classes'],
      ...(side === 'owner' && { owner: institution }),
    };
    return {
      id,
      side,
      askId,
      openedAt: new Date(now),
      dueAt: new Date(now + this.rules.reviewHours * HOUR),
      state: 'open',
      sealed: await wrapJson(this.context, secrets, `review/${id}`),
    };
  }

  /** What the permits' obligations ask for: `notify:patient`, `review:privacy-officer`. */
  async obliged(given: Permitted) {
    const owed = new Set(given.permits.flatMap(({ obligations }) => obligations));
    const classes = given.permits.map((receipt) => receipt.class);
    const reviews =
      owed.has('review:privacy-officer') && given.reason
        ? [await this.review('owner', { ...given, reason: given.reason }, classes)]
        : [];
    const patients = owed.has('notify:patient') ? given.patients : [];
    const notifications = await Promise.all(patients.map((patient) => this.notification(given, patient)));
    return { reviews, notifications };
  }

  private async notification({ askId, certificate, purpose, permits, expiresAt, reason }: Permitted, patient: string) {
    const { clock, institution } = this.context;
    const id = this.idOf('notification', { askId, patient });
    const told = permits.filter(({ obligations }) => obligations.includes('notify:patient'));
    const secrets: NotificationSecrets = {
      kind: reason ? 'emergency' : 'access',
      owner: institution,
      requester: { institution: certificate.institution, roles: certificate.roles },
      purpose,
      classes: told.map((receipt) => receipt.class),
      until: expiresAt,
      ...(reason && { code: reason.code }),
    };
    const sealed = await wrapJson(this.context, secrets, `notification/${id}`);
    return { id, patient, askId, at: new Date(clock.now()), sealed };
  }

  /** One entry each, however often it is said. */
  facts(
    kind: 'review' | 'notification',
    rows: readonly { id: string; askId: string; patient?: string }[],
  ): AuditFact[] {
    return rows.map(({ id, askId, patient }) => ({
      id: this.idOf('alert-entry', { id }),
      action: kind === 'review' ? 'review.opened' : 'patient.notified',
      outcome: 'success',
      entities: [{ kind, id }, { kind: 'ask', id: askId }, ...(patient ? [{ kind: 'patient', id: patient }] : [])],
    }));
  }

  private idOf(type: string, value: object): string {
    return uuidFrom(fromBase64url(documentHash(this.context.suite, type, 1, value)));
  }
}
