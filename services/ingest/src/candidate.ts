import type { LinkKind } from '@medshare/events';
import type { Problem } from '@medshare/problems';

/** How a message came in; travels sealed beside its bytes, so that mapping needs nothing that may have changed since. */
export interface Arrival {
  readonly feed: string;
  readonly zone: string;
  /** assigning authority → identifier system, as agreed with the feed when the message came */
  readonly systems: Readonly<Record<string, string>>;
  /** keyed hash of the sender's own id of the message, if it has one */
  readonly key?: string;
  /** what it says of several patients */
  readonly link?: LinkKind;
  /** an application acknowledgement is owed */
  readonly reply?: true;
}

/** A message that passed every check before its acknowledgement and only needs to become durable. */
export interface Candidate {
  readonly kind: 'hl7v2' | 'fhir';
  readonly arrival: Arrival;
  /** `keep`: what came first under the key is what it stands for */
  readonly onConflict: 'refuse' | 'accept-as-new' | 'keep';
  /** keyed hash of the bytes */
  readonly content: string;
  readonly patientKey: string;
  /** keyed hashes of the patient's further identifiers */
  readonly aliases: readonly string[];
  /** what it says of several patients, and the keyed hashes of every identifier it names them by */
  readonly link?: { readonly kind: LinkKind; readonly identifiers: readonly string[] };
  /** enhanced mode: when the sender wants to know what became of it, and where it listens */
  readonly reply?: WantedReply;
  /** hl7v2: the message. fhir: the Bundle, and what it was made around if it is not what came. */
  readonly parts: readonly Uint8Array[];
}

/** A later application acknowledgement (HL7 v2.5.1 section 2.9.3). */
export interface WantedReply {
  /** MSH-16 */
  readonly condition: 'AL' | 'ER' | 'SU';
  /** the MLLP connection that the message came on; undefined over HTTP */
  readonly connection?: string | undefined;
}

export interface Accepted {
  readonly messageId: string;
  /** came before, byte for byte: answered again, done once */
  readonly duplicate: boolean;
}

/** What was refused, for whoever looks for it later. Holds no content. */
export interface Refusal {
  readonly via: 'mllp' | 'http';
  readonly kind: 'hl7v2' | 'fhir';
  readonly feed?: string | undefined;
  readonly bytes?: Uint8Array | undefined;
  readonly problems: readonly Problem[];
}
