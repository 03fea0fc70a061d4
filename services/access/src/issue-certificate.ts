import { fromBase64url, signDocument, toBase64url } from '@medshare/crypto';
import { serviceRoles } from '@medshare/crypto/fill-rule';
import type { StaffCertificate, certificateRequest } from '@medshare/events';
import type { Principal } from '@medshare/identity';
import { problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { z } from 'zod';
import { forged } from './access.problems.js';
import { checkSigned } from './check-certificate.js';
import type { AccessStore } from './store/access-store.js';

/** Roles that a certificate can carry: what formulas and policies know. Others (feed, regulator) do not sign on the chain. */
const certifiedRoles = new Set([
  'clinician',
  'attending',
  'privacy-officer',
  'ed',
  'researcher',
  'billing',
  'patient',
  'admin',
]);
const HOUR = 3_600_000;
/** A staff key is certified for a shift; a service's for a day. */
const staffLife = 12 * HOUR;
const serviceLife = 24 * HOUR;
/** A proof of possession is accepted this long around its time. */
const proofLife = 60_000;
/** Certificates count from slightly before they were made, so that another institution's slower clock takes them. */
const backdating = 30_000;

/** What is certified of a person. Who works here acts as patient with an account of their own. */
function rolesOf({ roles }: Principal): string[] {
  const certified = roles.filter((role) => certifiedRoles.has(role)).sort();
  return certified.length > 1 ? certified.filter((role) => role !== 'patient') : certified;
}

/** Certifies staff keys and the institution's own service key, as pseudonyms that only this institution can resolve. */
export class IssueCertificate {
  private service: StaffCertificate | undefined;

  constructor(
    private readonly context: RoleContext,
    private readonly store: AccessStore,
  ) {}

  /** @throws Problem access.forged when the caller does not hold the key, auth.forbidden for who has no role to certify */
  async toStaff(
    principal: Principal,
    { publicKey, time, proof }: z.infer<typeof certificateRequest>,
  ): Promise<StaffCertificate> {
    const { context } = this;
    const roles = rolesOf(principal);
    if (roles.length === 0) throw problem('auth.forbidden', { detail: 'no role that a certificate can carry' });
    if (Math.abs(context.clock.now() - time) > proofLife) throw problem('access.expired', { where: 'time' });
    const certificate = this.make(
      { publicKey, roles, kind: 'staff', person: this.personOf(principal, publicKey) },
      staffLife,
    );
    checkSigned(certificate, 'certificate-request', { publicKey, time }, proof);
    // a proof that was overheard serves nobody else
    const known = await this.store.certificate.findUnique({ where: { publicKey } });
    if (known && known.person !== certificate.person) throw forged('publicKey');
    await this.store.certificate.upsert({
      where: { publicKey },
      create: this.row(certificate),
      update: this.row(certificate),
    });
    await context.audit.record({
      action: 'certificate.issued',
      outcome: 'success',
      agent: { person: certificate.person, roles },
      entities: [{ kind: 'key', id: publicKey }],
    });
    return certificate;
  }

  /** The certificate of the institution's own service, custodian and witness; made again well before it ends. */
  toService(): StaffCertificate {
    const { context } = this;
    if (this.service && this.service.notAfter - context.clock.now() > serviceLife / 2) return this.service;
    const publicKey = toBase64url(context.signingKey.publicKey);
    this.service = this.make(
      { publicKey, roles: [...serviceRoles], kind: 'service', person: 'custodian-service' },
      serviceLife,
    );
    return this.service;
  }

  /** Who a certificate over this key names: a patient is another one with every key, so that the chain links none of their asks. */
  personOf(principal: Principal, publicKey: string): string {
    const byKey = rolesOf(principal).join() === 'patient';
    return this.pseudonym(byKey ? `${principal.username} ${publicKey}` : principal.username);
  }

  /** A person's pseudonym: stable within the institution, meaningless outside. */
  pseudonym(username: string): string {
    const { suite, signingKey } = this.context;
    const key = suite.hkdf(signingKey.privateKey, new TextEncoder().encode('medshare/person/1'), 32);
    return toBase64url(suite.hmac(key, new TextEncoder().encode(username)));
  }

  private make(
    subject: Pick<StaffCertificate, 'publicKey' | 'roles' | 'kind' | 'person'>,
    life: number,
  ): StaffCertificate {
    const { context } = this;
    const now = context.clock.now();
    fromBase64url(subject.publicKey);
    const body = {
      version: 1 as const,
      institution: context.institution,
      suite: context.region.suite,
      notBefore: now - backdating,
      notAfter: now + Math.min(life, context.region.limits.certificateMs - backdating),
      ...subject,
    };
    return {
      ...body,
      signature: signDocument(context.suite, context.signingKey.privateKey, 'staff-certificate', 1, body),
    };
  }

  private row(certificate: StaffCertificate) {
    const { publicKey, person, kind, roles, notAfter } = certificate;
    return { publicKey, person, kind, roles, notAfter: new Date(notAfter), body: certificate };
  }
}
