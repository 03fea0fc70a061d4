import { X509Certificate as Parsed } from '@peculiar/x509';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isProblem, problem } from '@medshare/problems';
import type { Authorities, Peer } from './peer.js';

/** What a certificate says of itself; believe it only after {@link verifyPeer}. */
export interface Identity extends Peer {
  /** True for a certificate that may issue others. */
  readonly authority: boolean;
}

/** Reads subject O and OU. @throws Problem peer.untrusted unless each stands there exactly once */
export function identityOf(certificate: string | Uint8Array): Identity {
  const name = nameOf(certificate);
  const [institution, ...more] = name.getField('O');
  const [role, ...others] = name.getField('OU');
  if (!institution || !role || more.length > 0 || others.length > 0)
    throw problem('peer.untrusted', { detail: 'the certificate names no single institution and role' });
  return { institution, role, authority: new X509Certificate(certificate).ca };
}

function nameOf(certificate: string | Uint8Array): Parsed['subjectName'] {
  try {
    return new Parsed(typeof certificate === 'string' ? certificate : Uint8Array.from(certificate)).subjectName;
  } catch (cause) {
    throw problem('peer.untrusted', { detail: 'the certificate cannot be read', cause });
  }
}

/**
 * Checks a certificate against the authority of the institution that it names, and no other: one member's authority
 * cannot vouch for another member's processes.
 *
 * @param now milliseconds since the epoch
 * @throws Problem peer.untrusted
 */
export function verifyPeer(raw: Uint8Array, authorities: Authorities, now: number): Peer {
  const { institution, role, authority } = identityOf(raw);
  const refuse = (detail: string) => problem('peer.untrusted', { where: institution, detail });
  const pems = authorities.get(institution);
  if (pems === undefined) throw refuse('the institution is no member');
  if (authority) throw refuse('an authority is no peer');
  const certificate = new X509Certificate(raw);
  if (!splitPem(pems).some((pem) => issued(new X509Certificate(pem), certificate, now)))
    throw refuse("the certificate is not of the institution's own authority");
  if (!isCurrent(certificate, now)) throw refuse('the certificate has expired or is not yet valid');
  return { institution, role };
}

const issued = (ca: X509Certificate, certificate: X509Certificate, now: number): boolean =>
  ca.ca && isCurrent(ca, now) && certificate.checkIssued(ca) && certificate.verify(ca.publicKey);

const isCurrent = (certificate: X509Certificate, now: number): boolean =>
  Date.parse(certificate.validFrom) <= now && now < Date.parse(certificate.validTo);

/** The certificates of a PEM text, one text each. */
export const splitPem = (pem: string): string[] =>
  pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];

/**
 * When the first certificate of a PEM text ends, ms since the epoch. The first, for what the last still covers is less than what all do:
 * while two authorities of a member stand side by side, the old one's processes are refused before.
 */
export const firstExpiry = (pem: string): number =>
  Math.min(...splitPem(pem).map((one) => Date.parse(new X509Certificate(one).validTo)));

/** Refuses a certificate that cannot be read and a key that is not its own, PEM. @throws Problem config.invalid */
export function checkCredentials({ key, cert }: { readonly key: string; readonly cert: string }): void {
  const read = <T>(where: string, detail: string, work: () => T): T => {
    try {
      return work();
    } catch (cause) {
      throw problem('config.invalid', { where, detail, cause });
    }
  };
  const shown = read('peers.cert', 'holds no certificate (PEM)', () => new X509Certificate(cert));
  const own = read('peers.key', 'holds no private key (PEM)', () => createPrivateKey(key));
  if (!shown.checkPrivateKey(own))
    throw problem('config.invalid', { where: 'peers.key', detail: 'is not the key of the certificate in peers.cert' });
}

/** Refuses a set of authorities in which one stands under another institution's name. @throws Problem config.invalid */
export function checkAuthorities(authorities: Authorities): void {
  for (const [institution, pems] of authorities) {
    const found = splitPem(pems).map((pem) => asConfiguration(institution, () => identityOf(pem)));
    if (found.length === 0 || found.some((it) => !it.authority || it.institution !== institution))
      throw problem('config.invalid', { where: `authorities.${institution}`, detail: 'not an authority of it' });
  }
}

function asConfiguration<T>(institution: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const detail = isProblem(cause) ? cause.detail : 'the certificate cannot be read';
    throw problem('config.invalid', { where: `authorities.${institution}`, detail, cause });
  }
}
