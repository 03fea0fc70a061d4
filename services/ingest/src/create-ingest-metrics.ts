import { problemCodes } from '@medshare/problems';
import type { Metrics } from '@medshare/telemetry';
import type { IngestMetrics } from './ingest-metrics.js';

const via = ['mllp', 'http'] as const;
/** Seconds; an acknowledgement takes about as long as one sync of a disk. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30];

/** @param feeds names of the configured feeds: the values of a label */
export function createIngestMetrics(metrics: Metrics, feeds: readonly string[]): IngestMetrics {
  const labels = { via, kind: ['hl7v2', 'fhir'], feed: [...feeds, 'fhir'], duplicate: ['yes', 'no'] };
  const accepted = metrics.counter('ingest_accepted', 'Messages acknowledged as durable.', labels);
  const refused = metrics.counter('ingest_refused', 'Messages refused, by reason.', { via, code: problemCodes });
  const latency = metrics.histogram('ingest_ack_seconds', 'From read to acknowledged.', { via }, buckets);
  const parked = metrics.gauge('ingest_parked', 'Acknowledged messages that wait for a person.');
  const feed = { feed: [...feeds, 'fhir'] };
  const unprocessed = metrics.gauge(
    'ingest_feed_unprocessed',
    'Acknowledged messages not mapped yet, parked ones apart.',
    feed,
  );
  const lag = metrics.gauge('ingest_feed_lag_seconds', 'Age of the oldest acknowledged message not mapped yet.', feed);
  const connections = metrics.gauge('ingest_mllp_connections', 'Open MLLP connections.');
  const dropped = metrics.counter('ingest_mllp_dropped', 'Connections refused because too many were open.');
  const replied = metrics.counter('ingest_replies_delivered', 'Application acknowledgements delivered.', {
    way: ['connection', 'address', 'fetched'],
  });
  const expiry = metrics.gauge(
    'ingest_mllp_certificate_expires',
    'Expiry of the MLLP certificate, seconds since 1970.',
  );
  const replies = metrics.gauge('ingest_replies', 'Application acknowledgements not delivered.', {
    state: ['due', 'failed'],
  });
  const webhooks = {
    fetches: metrics.gauge('ingest_webhook_fetches', 'What is to be fetched from FHIR servers of feeds.', {
      ...feed,
      state: ['due', 'failed'],
    }),
    oldest: metrics.gauge('ingest_webhook_oldest_fetch_seconds', 'Age of the oldest fetch that is due.', feed),
    subscriptions: metrics.gauge('ingest_webhook_subscriptions', 'Subscriptions, by what their source last said.', {
      ...feed,
      status: ['active', 'error', 'off'],
    }),
    missed: metrics.counter('ingest_webhook_missed_events', 'Events of subscriptions that did not come.', feed),
  };
  return {
    accepted: (by, kind, feed, duplicate) =>
      accepted.add(1, { via: by, kind, feed, duplicate: duplicate ? 'yes' : 'no' }),
    refused: (by, code) => refused.add(1, { via: by, code }),
    acknowledged: (by, ms) => latency.record(ms / 1000, { via: by }),
    parked: (count) => parked.set(count),
    lag: (name, count, ms) => {
      unprocessed.set(count, { feed: name });
      lag.set(ms / 1000, { feed: name });
    },
    connections: (count) => connections.set(count),
    droppedConnection: () => dropped.add(),
    certificateExpires: (seconds) => expiry.set(seconds),
    replied: (way) => replied.add(1, { way }),
    replies: ({ due, failed }) => {
      replies.set(due, { state: 'due' });
      replies.set(failed, { state: 'failed' });
    },
    missedEvents: (name, count) => webhooks.missed.add(count, { feed: name }),
    webhooks: (figures) => {
      for (const name of [...feeds, 'fhir']) {
        const found = figures.find((each) => each.feed === name);
        webhooks.fetches.set(found?.due ?? 0, { feed: name, state: 'due' });
        webhooks.fetches.set(found?.failed ?? 0, { feed: name, state: 'failed' });
        webhooks.oldest.set((found?.oldestMs ?? 0) / 1000, { feed: name });
        for (const status of ['active', 'error', 'off'] as const)
          webhooks.subscriptions.set(found?.subscriptions[status] ?? 0, { feed: name, status });
      }
    },
  };
}
