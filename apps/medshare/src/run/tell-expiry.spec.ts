import { systemRandom } from '@medshare/clock';
import { createAuthority, issueCertificate } from '@medshare/peers';
import { createMetrics } from '@medshare/telemetry';
import { ManualClock } from '@medshare/testkit';
import { tellExpiry } from './tell-expiry.js';

const DAY = 86_400;

it('tells when this process and the authorities that it trusts expire, of several the first, and nothing else of them', async () => {
  const clock = new ManualClock('2026-03-01T08:00:00Z');
  const start = clock.now() / 1000;
  const authority = (institution: string, validDays: number) =>
    createAuthority({ institution, validDays, clock, random: systemRandom });
  const [harbor, lakeside, next] = await Promise.all([
    authority('harbor', 3650),
    authority('lakeside', 40),
    authority('lakeside', 3650),
  ]);
  const { cert } = await issueCertificate(harbor, { role: 'node', hosts: ['127.0.0.1'], validDays: 90 });
  const metrics = createMetrics('institution');
  const authorities = new Map([
    ['harbor', harbor.ca],
    ['lakeside', next.ca + lakeside.ca],
  ]);
  tellExpiry(metrics, { institution: 'harbor', cert, authorities });
  const lines = (await metrics.expose()).split('\n').filter((line) => line.startsWith('medshare_'));
  expect(lines).toEqual([
    `medshare_certificate_expiry_seconds{role="institution",kind="peer",institution="harbor"} ${start + 90 * DAY}`,
    `medshare_certificate_expiry_seconds{role="institution",kind="authority",institution="harbor"} ${start + 3650 * DAY}`,
    `medshare_certificate_expiry_seconds{role="institution",kind="authority",institution="lakeside"} ${start + 40 * DAY}`,
  ]);
});
