import { createHash } from 'node:crypto';
import { uuidFrom } from '@medshare/fhir';

/** HMAC under a key of the institution: {context, text} → base64url, 32 bytes. */
export type KeyedHash = (context: string, text: string) => string;

export interface GivenIdentifier {
  readonly system: string | undefined;
  readonly value: string;
  /** assigning authority by name, where it has no system */
  readonly assigner?: string;
}

/** Unambiguous for any parts: no separator that a sender could write. */
const joined = (parts: readonly string[]): string => JSON.stringify(parts);

/**
 * Everything that ingest's tables and events say about a message. All of it is keyed: a sender's own id may name a patient, and a plain
 * hash of something short can be tried out by whoever reads the table.
 */
export class KeyedHashes {
  constructor(private readonly hash: KeyedHash) {}

  /** Who sent which message: MSH-3, MSH-4, MSH-10 or a caller and its request id. */
  message(...parts: readonly string[]): string {
    return this.hash('urn:medshare:ingest:message', joined(parts));
  }

  /** One version of a resource of a feed's FHIR server. */
  version(...parts: readonly string[]): string {
    return this.hash('urn:medshare:ingest:version', joined(parts));
  }

  /** What of a feed's FHIR server is spoken of: a subscription, an event. */
  source(...parts: readonly string[]): string {
    return this.hash('urn:medshare:ingest:source', joined(parts));
  }

  content(bytes: Uint8Array): string {
    return this.hash('urn:medshare:ingest:content', createHash('sha256').update(bytes).digest('base64url'));
  }

  /**
   * The patient of an identifier, the same in every role of the institution. A number of which nobody says who gave it means something
   * in its own feed only: two feeds' 123 are two patients.
   */
  patient({ system, value, assigner = '' }: GivenIdentifier, feed: string): string {
    return system === undefined
      ? this.hash('urn:medshare:ingest:local-patient', joined([feed, assigner, value]))
      : this.hash(system, value);
  }

  /** Messages of a feed that name nobody keep their order among themselves. */
  nobody(feed: string): string {
    return this.hash('urn:medshare:ingest:nobody', feed);
  }

  /** Never joins two patients, whatever numbers their encounters carry: an episode has one delegating key a class. */
  episode(patientKey: string, kind: string, id: string): string {
    return this.hash('urn:medshare:ingest:episode', joined([patientKey, kind, id]));
  }

  /** A UUID for a place in a message, always the same for the same message and place. */
  uuid(messageId: string, place: string): string {
    return uuidFrom(Buffer.from(this.hash('urn:medshare:ingest:uuid', joined([messageId, place])), 'base64url'));
  }
}
