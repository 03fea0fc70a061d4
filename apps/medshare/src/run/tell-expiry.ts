import { firstExpiry, type Authorities } from '@medshare/peers';
import type { Gauge, Metrics } from '@medshare/telemetry';
import { certificateKinds } from './list-certificates.js';

interface Certificates {
  institution: string;
  /** PEM; what this process shows to peers */
  cert: string;
  authorities: Authorities;
}

/**
 * Shows until when the certificates are valid that this process works with: its own, and every member's authority. They are read once, at
 * start, so their expiry is a fact and needs no second look.
 *
 * @returns the gauge, for kinds that are looked at again
 */
export function tellExpiry(metrics: Metrics, { institution, cert, authorities }: Certificates): Gauge {
  const gauge = metrics.gauge(
    'certificate_expiry_seconds',
    'When the first certificate of its kind expires, seconds since 1970.',
    { kind: [...certificateKinds], institution: [institution, ...authorities.keys()] },
  );
  gauge.set(firstExpiry(cert) / 1000, { kind: 'peer', institution });
  for (const [of, pems] of authorities) gauge.set(firstExpiry(pems) / 1000, { kind: 'authority', institution: of });
  return gauge;
}
