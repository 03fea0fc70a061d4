import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  type Extension,
} from '@peculiar/x509';
import { isIP } from 'node:net';
import type { Clock, Random } from '@medshare/clock';
import { problem } from '@medshare/problems';
import { identityOf } from './certificate.js';
import type { Credentials } from './peer.js';

const p256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const day = 24 * 60 * 60 * 1000;
/** A certificate is valid from this long before it was made, so that a slower clock elsewhere accepts it, in ms. */
const backdating = 5 * 60 * 1000;

/** An institution's own certificate authority: signs the certificates of its roles and nothing else. */
export interface Authority {
  readonly institution: string;
  /** The authority's certificate, PEM; what the other members pin. */
  readonly ca: string;
  /** The authority's private key, PKCS#8 PEM. Secret. */
  readonly key: string;
  readonly clock: Clock;
  readonly random: Random;
}

interface AuthorityRequest {
  institution: string;
  validDays: number;
  clock: Clock;
  random: Random;
}

export async function createAuthority(request: AuthorityRequest): Promise<Authority> {
  const { institution, validDays, clock, random } = request;
  const keys = await crypto.subtle.generateKey(p256, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: subjectOf(institution, 'authority'),
    keys,
    signingAlgorithm: p256,
    ...validity(clock, validDays),
    serialNumber: serialOf(random),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { institution, ca: certificate.toString('pem'), key: await exportKey(keys.privateKey), clock, random };
}

export interface CertificateRequest {
  /** A role, or `node` for a process that runs several. */
  role: string;
  /** DNS names and IP addresses under which the process listens; medshare's own peers look at the institution, others at these. */
  hosts: readonly string[];
  validDays: number;
}

/** Issues a certificate for one process, for both ends of a connection. It never outlives its authority. */
export async function issueCertificate(authority: Authority, request: CertificateRequest): Promise<Credentials> {
  const issuer = new X509Certificate(authority.ca);
  const keys = await crypto.subtle.generateKey(p256, true, ['sign', 'verify']);
  const { notBefore, notAfter } = validity(authority.clock, request.validDays);
  const certificate = await X509CertificateGenerator.create({
    subject: subjectOf(authority.institution, request.role),
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    signingAlgorithm: p256,
    notBefore,
    notAfter: new Date(Math.min(notAfter.getTime(), issuer.notAfter.getTime())),
    serialNumber: serialOf(authority.random),
    extensions: [
      ...leafExtensions([authority.institution, ...request.hosts]),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { key: await exportKey(keys.privateKey), cert: certificate.toString('pem'), ca: authority.ca };
}

/** Takes up an authority from its stored PEMs. @throws Problem config.invalid when they are not this institution's */
export function openAuthority(stored: Authority): Authority {
  const { institution, authority } = identityOf(stored.ca);
  if (!authority || institution !== stored.institution)
    throw problem('config.invalid', { where: 'authority', detail: `not an authority of ${stored.institution}` });
  return stored;
}

const leafExtensions = (hosts: string[]): Extension[] => [
  new BasicConstraintsExtension(false, undefined, true),
  new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
  new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
  new SubjectAlternativeNameExtension(
    [...new Set(hosts)].map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value }) as const),
  ),
];

const subjectOf = (institution: string, role: string): Name =>
  new Name([{ O: [institution] }, { OU: [role] }, { CN: [`${role}.${institution}`] }]);

function validity(clock: Clock, days: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(clock.now() - backdating), notAfter: new Date(clock.now() + days * day) };
}

/** 127 random bits, positive (RFC 5280 section 4.1.2.2). */
function serialOf(random: Random): string {
  const bytes = Uint8Array.from(random.bytes(16));
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

const exportKey = async (key: CryptoKey): Promise<string> =>
  PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');

const importKey = (pem: string): Promise<CryptoKey> =>
  crypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(pem), p256, false, ['sign']);
