/** What ingest counts. Labels are of closed sets: feeds of the configuration, problem codes. */
export interface IngestMetrics {
  accepted(via: string, kind: string, feed: string, duplicate: boolean): void;
  refused(via: string, code: string): void;
  /** ms from the last byte read to the acknowledgement */
  acknowledged(via: string, ms: number): void;
  parked(count: number): void;
  connections(count: number): void;
  droppedConnection(): void;
}
