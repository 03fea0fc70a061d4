import { createMetrics } from '@medshare/telemetry';
import { createIngestMetrics } from './create-ingest-metrics.js';

it('counts by closed sets of labels only', async () => {
  const page = createMetrics('ingest');
  const metrics = createIngestMetrics(page, ['his']);
  metrics.accepted('mllp', 'hl7v2', 'his', false);
  metrics.accepted('mllp', 'hl7v2', 'Mei Lin', true);
  metrics.refused('http', 'fhir.json');
  metrics.acknowledged('mllp', 4);
  metrics.parked(3);
  const text = await page.expose();
  expect(text).toMatch(/medshare_ingest_accepted_total\{[^}]*feed="his"[^}]*\} 1/);
  expect(text).toMatch(/medshare_ingest_accepted_total\{[^}]*feed="other"[^}]*\} 1/);
  expect(text).toMatch(/medshare_ingest_refused_total\{[^}]*code="fhir.json"[^}]*\} 1/);
  expect(text).toMatch(/medshare_ingest_ack_seconds_bucket\{[^}]*le="0.005"[^}]*\} 1/);
  expect(text).toMatch(/medshare_ingest_parked\{[^}]*\} 3/);
  expect(text).not.toContain('Mei');
});
