import type { WebhookFigures } from './store/webhook-figures.js';

/** What ingest counts. Labels are of closed sets: feeds of the configuration, problem codes. */
export interface IngestMetrics {
  accepted(via: string, kind: string, feed: string, duplicate: boolean): void;
  refused(via: string, code: string): void;
  /** ms from the last byte read to the acknowledgement */
  acknowledged(via: string, ms: number): void;
  parked(count: number): void;
  /** what of a feed is on its way, and the age of the oldest in ms; 0 when nothing is */
  lag(feed: string, unprocessed: number, ms: number): void;
  connections(count: number): void;
  droppedConnection(): void;
  /** an application acknowledgement was delivered */
  replied(way: 'connection' | 'address' | 'fetched'): void;
  /** when the MLLP listener's certificate expires, seconds since the epoch */
  certificateExpires(seconds: number): void;
  /** application acknowledgements that are to be delivered, and those given up */
  replies(counts: { readonly due: number; readonly failed: number }): void;
  /** what webhooks' feeds wait for; a feed that is not there waits for nothing */
  webhooks(figures: readonly WebhookFigures[]): void;
  /** events of a subscription that did not come and are to be fetched */
  missedEvents(feed: string, count: number): void;
}
