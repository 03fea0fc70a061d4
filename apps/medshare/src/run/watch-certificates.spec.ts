import { createLogger, createMetrics } from '@medshare/telemetry';
import { nearness, type ListedCertificate } from './list-certificates.js';
import { tellExpiry } from './tell-expiry.js';
import { showExpiry } from './watch-certificates.js';

const DAY = 86_400_000;

it('names how near an end is, at 60, 30 and 7 days', () => {
  const now = Date.UTC(2026, 2, 1);
  const after = (days: number) => nearness(now + days * DAY, now);
  expect([61, 60, 59.9, 30, 29.9, 7, 6.9, 0, -1].map(after)).toEqual([
    'valid',
    'valid',
    '60 days',
    '60 days',
    '30 days',
    '30 days',
    '7 days',
    'expired',
    'expired',
  ]);
});

it('shows of each kind of the network the first that expires, and leaves what this process holds alone', async () => {
  const metrics = createMetrics('institution');
  const expiry = tellExpiry(metrics, { institution: 'harbor', cert: '', authorities: new Map() });
  const one = (kind: ListedCertificate['kind'], of: string, seconds: number): ListedCertificate => ({
    kind,
    of,
    subject: `CN=${of}`,
    serial: '01',
    expiresAt: seconds * 1000,
    from: 'the channel',
  });
  const certificates = [
    one('orderer-tls', 'a:7050', 3000),
    one('orderer-tls', 'b:7050', 2000),
    one('fabric-client', 'harbor', 5000),
    one('peer', 'harbor', 1),
  ];
  const logger = createLogger({ role: 'institution', institution: 'harbor', level: 'silent' });
  showExpiry({ certificates, unread: [] }, 'harbor', { expiry, logger });
  const lines = (await metrics.expose())
    .split('\n')
    .filter((line) => /^medshare_.*kind="(orderer|fabric|peer")/.test(line));
  expect(lines.filter((line) => !line.includes('Infinity') && !line.includes('+Inf'))).toEqual([
    'medshare_certificate_expiry_seconds{role="institution",kind="orderer-tls",institution="harbor"} 2000',
    'medshare_certificate_expiry_seconds{role="institution",kind="fabric-client",institution="harbor"} 5000',
  ]);
});
