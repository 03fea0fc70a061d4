import { digestOf, patientOf, readConsent, versionCommitment } from '@medshare/consent';
import { toBase64url } from '@medshare/crypto';
import { event } from '@medshare/events';
import { parseFhirJson, validate } from '@medshare/fhir';
import type { Principal } from '@medshare/identity';
import { problem, type Problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { IssueCertificate } from './issue-certificate.js';
import { versionOf, type KeepConsents } from './keep-consents.js';
import { insertConsent, latestOf, lockPatients, versionsOf, type ConsentRow } from './store/consents.js';

/** Largest Consent, bytes; most consents of one patient; most versions of one consent. */
export const consentLimits = { bytes: 64 * 1024, perPatient: 100, versions: 1000 } as const;

/** A Consent that R4 does not allow: everything that was found. */
export class InvalidConsent extends Error {
  constructor(readonly problems: readonly [Problem, ...Problem[]]) {
    super(problems[0].message);
  }
}

export interface Recorded {
  row: ConsentRow;
  resource: Record<string, unknown>;
  /** Places that are not understood: as long as it is active, the consent refuses. */
  faults: readonly string[];
}

interface Given {
  bytes: Uint8Array;
  resource: Record<string, unknown>;
  patient: string;
}

/** Takes up a patient's consent: a new one, or a new version of one. Versions are never changed. */
export class RecordConsent {
  constructor(
    private readonly context: RoleContext,
    private readonly kept: KeepConsents,
    private readonly certificates: IssueCertificate,
  ) {}

  /** @throws InvalidConsent; Problem auth.forbidden, fhir.json, request.conflict, patient.not-searchable */
  async create(principal: Principal, bytes: Uint8Array): Promise<Recorded> {
    const given = this.read(principal, bytes);
    return this.record(principal, given, this.context.random.uuid(), undefined);
  }

  /** @param expected the version that the caller saw, from If-Match. @throws the same, and request.not-found, request.precondition-failed */
  async update(principal: Principal, id: string, bytes: Uint8Array, expected?: number): Promise<Recorded> {
    const given = this.read(principal, bytes);
    if (given.resource['id'] !== undefined && given.resource['id'] !== id)
      throw problem('request.invalid', { where: 'Consent.id', detail: 'another id than the address' });
    const [last] = isUuid(id) ? await versionsOf(this.context.database, id, 1) : [];
    if (!last || (last.patient !== given.patient && isPatient(principal)))
      throw problem('request.not-found', { where: 'path.id' });
    if (last.patient !== given.patient)
      throw problem('request.invalid', { where: 'Consent.patient', detail: 'a consent stays its patient’s' });
    return this.record(principal, given, id, expected ?? last.version);
  }

  private read(principal: Principal, bytes: Uint8Array): Given {
    const { value } = parseFhirJson(bytes, { bytes: consentLimits.bytes });
    const resource = value as Record<string, unknown>;
    if (resource['resourceType'] !== 'Consent')
      throw problem('fhir.invalid', { where: 'resourceType', detail: 'a Consent is expected' });
    const found = [...validate(resource), ...this.missing(resource)];
    const [first, ...more] = found;
    if (first) throw new InvalidConsent([first, ...more]);
    const identifier = patientOf(resource);
    if (!identifier) throw problem('fhir.invalid', { where: 'Consent.patient.identifier' });
    const own = principal.patient;
    if (isPatient(principal) && (own?.system !== identifier.system || own.value !== identifier.value))
      throw problem('auth.forbidden', { where: 'Consent.patient', detail: 'a patient consents for themselves only' });
    return { bytes, resource, patient: this.context.patientKey(identifier.system, identifier.value) };
  }

  /** What the basic form needs besides R4; a consent that could never be found again must not be taken for one in force. */
  private missing(resource: Record<string, unknown>): Problem[] {
    const need = (holds: boolean, where: string, detail: string) =>
      holds ? [] : [problem('fhir.invalid', { where, detail })];
    const identifier = patientOf(resource);
    const agreed = identifier !== undefined && this.context.region.identifierSystems.includes(identifier.system);
    return [
      ...need(agreed, 'Consent.patient.identifier', 'an identifier of a system that the region agreed on is needed'),
      ...need(resource['dateTime'] !== undefined, 'Consent.dateTime', 'when it was given is needed'),
      ...need(resource['provision'] !== undefined, 'Consent.provision', 'what is permitted or denied is needed'),
    ];
  }

  private async record(
    principal: Principal,
    { bytes, resource, patient }: Given,
    id: string,
    expected: number | undefined,
  ): Promise<Recorded> {
    const { context } = this;
    const person = this.certificates.pseudonym(principal.username);
    const row = await context.database.transaction(async (tx) => {
      await lockPatients(tx, [patient]);
      const [last] = await versionsOf(tx, id, 1);
      if (expected !== undefined && last?.version !== expected)
        throw problem('request.precondition-failed', {
          where: 'version',
          detail: 'another version was recorded meanwhile',
        });
      const version = (last?.version ?? 0) + 1;
      if (version > consentLimits.versions)
        throw problem('request.conflict', { where: 'version', detail: 'too many versions' });
      if (!last && (await latestOf(tx, [patient])).length >= consentLimits.perPatient)
        throw problem('request.conflict', { where: 'Consent.patient', detail: 'too many consents of one patient' });
      const content = {
        consentId: id,
        version,
        patient,
        status: String(resource['status']),
        previous: last?.commitment ?? null,
        salt: toBase64url(context.random.bytes(32)),
        digest: digestOf(bytes),
        recordedAt: context.clock.now(),
        recordedBy: person,
        ...(await this.kept.seal(id, version, bytes)),
        commitment: '',
      };
      const made: ConsentRow = { ...content, commitment: versionCommitment(context.suite, versionOf(content)) };
      await insertConsent(tx, made);
      const value = { consentId: id, version, commitment: made.commitment };
      await context.outbox.append(tx, [
        event('consent.recorded', { id: `consent/${id}/${version}`, key: patient }, value),
      ]);
      await context.audit.append(tx, {
        action: 'consent.recorded',
        outcome: 'success',
        agent: { person, roles: [...principal.roles].slice(0, 20) },
        entities: [
          { kind: 'consent', id },
          { kind: 'version', id: String(version) },
          { kind: 'patient', id: patient },
        ],
      });
      return made;
    });
    return { row, resource, faults: readConsent(resource).faults };
  }
}

const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);

/** Acts for themselves, not for the institution. */
export const isPatient = ({ roles }: Principal): boolean => !roles.includes('privacy-officer');
