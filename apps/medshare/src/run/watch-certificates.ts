import type { Config } from '../config.js';
import type { Assembled } from './assemble.js';
import { listCertificates, type CertificateKind, type CertificateList } from './list-certificates.js';

/** Between two looks, ms. */
const every = 3_600_000;
/** What this process holds since its start, or MLLP tells by itself. */
const told = new Set<CertificateKind>(['peer', 'authority', 'mllp']);

type Watched = Pick<Assembled, 'expiry' | 'region' | 'logger'>;

/** Shows when the certificates of the Fabric network expire, which others exchange while this process runs. */
export function watchCertificates(config: Config, watched: Watched): { stop(): Promise<void> } {
  if (!config.ledger.startsWith('fabric:') || !config.roles.includes('ledger'))
    return { stop: () => Promise.resolve() };
  const look = async () => showExpiry(await listCertificates(config, watched.region), config.institution, watched);
  let running = look();
  const timer = setInterval(() => (running = look()), every).unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}

/** Of each kind the first that expires; what could not be looked at keeps its value. */
export function showExpiry(
  { certificates, unread }: CertificateList,
  institution: string,
  { expiry, logger }: Pick<Watched, 'expiry' | 'logger'>,
): void {
  const first = new Map<CertificateKind, number>();
  for (const { kind, expiresAt } of certificates)
    if (!told.has(kind)) first.set(kind, Math.min(expiresAt, first.get(kind) ?? Infinity));
  for (const [kind, at] of first) expiry.set(at / 1000, { kind, institution });
  for (const { code, where } of unread) logger.warn({ code, where }, 'a certificate could not be looked at');
}
