import { parseFhirJson } from '@medshare/fhir';
import type { Principal } from '@medshare/identity';
import { problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { IssueCertificate } from './issue-certificate.js';
import type { KeepConsents } from './keep-consents.js';
import { consentLimits, isPatient } from './record-consent.js';
import { latestOf, versionsOf, type ConsentRow } from './store/consents.js';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Consents for who may see them: a patient's own, and those of every patient for privacy officers. Reading is audited. */
export class ReadConsents {
  constructor(
    private readonly context: RoleContext,
    private readonly kept: KeepConsents,
    private readonly certificates: IssueCertificate,
  ) {}

  /** The latest version, or a given one. @throws Problem request.not-found, also for another patient's */
  async read(principal: Principal, id: string, version?: number): Promise<object> {
    const rows = await this.own(principal, id);
    const found = version === undefined ? rows[0] : rows.find((row) => row.version === version);
    if (!found) throw problem('request.not-found', { where: 'path.id' });
    await this.audit(principal, [found]);
    return this.render(found);
  }

  /** All versions, the newest first, as a history Bundle. */
  async history(principal: Principal, id: string): Promise<object> {
    const rows = await this.own(principal, id);
    await this.audit(principal, rows.slice(0, 1));
    return this.bundle('history', rows);
  }

  /** The latest versions of a patient's consents: the caller's own, or of whom an officer names. */
  async search(principal: Principal, token?: string): Promise<object> {
    const at = token?.indexOf('|') ?? -1;
    const named =
      token !== undefined && at > 0 ? { system: token.slice(0, at), value: token.slice(at + 1) } : undefined;
    if (token !== undefined && !named) throw problem('request.malformed', { where: 'query.patient:identifier' });
    const who = isPatient(principal) ? principal.patient : named;
    if (!who)
      throw problem('request.malformed', { where: 'query.patient:identifier', detail: 'system|value is needed' });
    if (named && (named.system !== who.system || named.value !== who.value)) throw problem('auth.forbidden');
    const rows = await latestOf(this.context.database, [this.context.patientKey(who.system, who.value)]);
    await this.audit(principal, rows.slice(0, 50));
    return this.bundle('searchset', rows);
  }

  private async own(principal: Principal, id: string): Promise<ConsentRow[]> {
    const rows = uuid.test(id) ? await versionsOf(this.context.database, id, consentLimits.versions) : [];
    const { patient } = principal;
    const mine = patient && this.context.patientKey(patient.system, patient.value);
    const visible = rows.filter((row) => !isPatient(principal) || row.patient === mine);
    if (visible.length === 0) throw problem('request.not-found', { where: 'path.id' });
    return visible;
  }

  /** The resource as it was recorded, with the id, version and time that this server gave it. */
  async render(row: ConsentRow): Promise<object> {
    const { value } = parseFhirJson(await this.kept.open(row));
    return withMeta(value as Record<string, unknown>, row);
  }

  private async bundle(type: 'history' | 'searchset', rows: readonly ConsentRow[]): Promise<object> {
    const entry = await Promise.all(
      rows.map(async (row) => ({
        fullUrl: `urn:uuid:${row.consentId}`,
        resource: await this.render(row),
        ...(type === 'history'
          ? {
              request: { method: row.version === 1 ? 'POST' : 'PUT', url: `Consent/${row.consentId}` },
              response: { status: row.version === 1 ? '201' : '200', lastModified: timeOf(row) },
            }
          : { search: { mode: 'match' } }),
      })),
    );
    return { resourceType: 'Bundle', type, total: entry.length, entry };
  }

  private async audit({ username, roles }: Principal, rows: readonly ConsentRow[]): Promise<void> {
    const [first] = rows;
    await this.context.audit.record({
      action: 'consent.read',
      outcome: 'success',
      agent: { person: this.certificates.pseudonym(username), roles: [...roles].slice(0, 20) },
      entities: [
        ...(first ? [{ kind: 'patient', id: first.patient }] : []),
        ...rows.map(({ consentId }) => ({ kind: 'consent', id: consentId })),
      ],
    });
  }
}

const timeOf = ({ recordedAt }: ConsentRow): string => new Date(recordedAt).toISOString();

export const withMeta = (resource: Record<string, unknown>, row: ConsentRow): object => ({
  ...resource,
  id: row.consentId,
  meta: { ...(resource['meta'] as object | undefined), versionId: String(row.version), lastUpdated: timeOf(row) },
});
