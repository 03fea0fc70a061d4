import { readFileSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import type { Region } from '@medshare/events/chain';
import { splitPem } from '@medshare/peers';
import { asProblem, problem, type Problem } from '@medshare/problems';
import type { Config } from '../config.js';
import { fabricAccess } from './fabric-access.js';

/** Kinds of certificates, as the metric names them. */
export const certificateKinds = [
  'peer',
  'authority',
  'mllp',
  'fabric-client',
  'fabric-tls',
  'fabric-tls-authority',
  'watched',
  'peer-tls',
  'orderer-tls',
  'msp-authority',
  'msp-tls-authority',
] as const;
export type CertificateKind = (typeof certificateKinds)[number];

/** How near a certificate's end is: days left below the figure. */
export type Nearness = 'valid' | '60 days' | '30 days' | '7 days' | 'expired';

export interface ListedCertificate {
  readonly kind: CertificateKind;
  /** Whose: an institution, an MSP id, an orderer's address, or a name that the configuration gives. */
  readonly of: string;
  readonly subject: string;
  readonly serial: string;
  /** ms since the epoch */
  readonly expiresAt: number;
  /** The setting or place that it stands in. */
  readonly from: string;
}

export interface CertificateList {
  readonly certificates: readonly ListedCertificate[];
  /** What could not be looked at. */
  readonly unread: readonly Problem[];
}

/** How long the peer may take to say what the channel's configuration is, ms. */
const askMs = 10_000;
const dayMs = 86_400_000;

/** @param now ms since the epoch */
export function nearness(expiresAt: number, now: number): Nearness {
  const left = expiresAt - now;
  if (left <= 0) return 'expired';
  const step = ([7, 30, 60] as const).find((days) => left < days * dayMs);
  return step === undefined ? 'valid' : (`${step} days` as const);
}

/** Every certificate that the institution's deployment works with: those in its files, and those of its Fabric network. */
export async function listCertificates(config: Config, region: Region): Promise<CertificateList> {
  const unread: Problem[] = [];
  const certificates: ListedCertificate[] = [];
  const take = (kind: CertificateKind, of: string, from: string, pem: () => string) => {
    try {
      certificates.push(...read(pem()).map((one) => ({ kind, of, from, ...one })));
    } catch (cause) {
      unread.push(problem('config.invalid', { where: from, detail: 'the certificate cannot be read', cause }));
    }
  };
  for (const [kind, of, from, file] of filesOf(config)) take(kind, of, from, () => readFileSync(file, 'utf8'));
  if (!config.ledger.startsWith('fabric:')) return { certificates, unread };
  try {
    const { readNetworkCertificates } = await import('@medshare/ledger/fabric-certificates.driver');
    const found = await readNetworkCertificates(fabricAccess(config, region), askMs);
    for (const { kind, of, pem } of found) take(kind, of, kind === 'peer-tls' ? 'ledger' : 'the channel', () => pem);
  } catch (caught) {
    unread.push(asProblem(caught));
  }
  return { certificates, unread };
}

type File = readonly [kind: CertificateKind, of: string, from: string, file: string];

function filesOf({ institution, peers, mllp, ledger, fabric }: Config): File[] {
  const { cert, tls, watched } = fabric;
  const files: (readonly [CertificateKind, string, string, string | undefined])[] = [
    ['peer', institution, 'peers.cert', peers.cert],
    ...Object.entries(peers.authorities).map(
      ([of, file]) => ['authority', of, `peers.authorities.${of}`, file] as const,
    ),
    ['mllp', institution, 'mllp.tls.cert', mllp.tls?.cert],
  ];
  if (ledger.startsWith('fabric:'))
    files.push(
      ['fabric-client', institution, 'fabric.cert', cert],
      ['fabric-tls', institution, 'fabric.tls.cert', tls.cert],
      ['fabric-tls-authority', institution, 'fabric.tls.authorities', tls.authorities],
      ...Object.entries(watched).map(([name, file]) => ['watched', name, `fabric.watched.${name}`, file] as const),
    );
  return files.filter((one): one is File => one[3] !== undefined);
}

/** @throws when a text holds none */
function read(pem: string): Pick<ListedCertificate, 'subject' | 'serial' | 'expiresAt'>[] {
  const found = splitPem(pem);
  if (found.length === 0) throw new Error('no certificate (PEM)');
  return found.map((one) => {
    const { subject, serialNumber, validTo } = new X509Certificate(one);
    return { subject: subject.replaceAll('\n', ', '), serial: serialNumber, expiresAt: Date.parse(validTo) };
  });
}
