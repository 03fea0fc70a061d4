import { fromBase64url, suite, verifyDocument } from '@medshare/crypto';
import type { Region, StaffCertificate } from '@medshare/events';
import { expired, forged } from './access.problems.js';

/** The member's public keys. @throws Problem access.forged for who is not a member */
export function memberOf(region: Region, institution: string): Region['members'][number] {
  const member = region.members.find(({ id }) => id === institution);
  if (!member) throw forged('institution');
  return member;
}

/** A staff certificate must be signed by its institution's access key and be in force at `now`, ms. */
export function checkCertificate(region: Region, certificate: StaffCertificate, now: number): void {
  const { signature, ...body } = certificate;
  const issuer = fromBase64url(memberOf(region, certificate.institution).keys.access);
  if (!verifyDocument(suite(region.suite), issuer, 'staff-certificate', 1, body, signature))
    throw forged('certificate');
  if (now < certificate.notBefore || now >= certificate.notAfter) throw expired('certificate');
}

/** A document signed with a certificate's key, in the certificate's suite. */
export function checkSigned(certificate: StaffCertificate, type: string, value: unknown, signature: string): void {
  const key = fromBase64url(certificate.publicKey);
  if (!verifyDocument(suite(certificate.suite), key, type, 1, value, signature)) throw forged('signature');
}
