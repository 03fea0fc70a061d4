import type { Member, Region, StaffCertificate } from '@medshare/events/chain';
import { signatureHolds } from './documents.js';
import { demand, refusal } from './refusal.js';

/** @returns the member, or refuses: only members act on the chain */
export function memberOf(region: Region, institution: string): Member {
  const member = region.members.find(({ id }) => id === institution);
  if (member === undefined) throw refusal('ledger.refused', 'the institution is no member of the region', institution);
  return member;
}

/** Refuses a certificate that its institution did not sign, that is not valid at `time`, or that lives too long. */
export function checkCertificate(region: Region, certificate: StaffCertificate, time: number): void {
  const { signature, ...content } = certificate;
  const { keys } = memberOf(region, certificate.institution);
  const signed = signatureHolds(region.suite, keys.access, 'staff-certificate', content, signature);
  demand(signed, 'access.forged', 'the certificate is not signed by its institution', 'certificate.signature');
  const lives = certificate.notAfter - certificate.notBefore;
  demand(
    lives > 0 && lives <= region.limits.certificateMs,
    'ledger.refused',
    'the certificate lives too long',
    'certificate',
  );
  const current = certificate.notBefore <= time && time < certificate.notAfter;
  demand(current, 'access.expired', 'the certificate is not valid at this time', 'certificate');
}

/** @returns whether two certificates speak of one person */
export const samePerson = (a: StaffCertificate, b: StaffCertificate): boolean =>
  a.institution === b.institution && a.person === b.person;
