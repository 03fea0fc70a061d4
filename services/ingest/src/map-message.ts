import { event, type EventMessage, type EventOf } from '@medshare/events';
import { episodeOf, mapMessage, mappingVersion, parseFhirJson, toJsonBytes, validateBundle } from '@medshare/fhir';
import { parseMessage } from '@medshare/hl7';
import type { Tx } from '@medshare/database';
import { fenced } from '@medshare/outbox';
import { problem } from '@medshare/problems';
import type { AuditFact, RoleContext } from '@medshare/role';
import type { Arrival } from './candidate.js';
import { agreedFirst, identifiersOfBundle } from './find-patient.js';
import type { KeyedHashes } from './keyed-hashes.js';
import { keepLosses } from './store/losses.js';
import { settleMessage } from './store/messages.js';
import { replyPatience } from './reply-patience.js';
import { settleReply } from './store/replies.js';

type Accepted = EventOf<'message.accepted'>;
type Parts = Pick<RoleContext, 'transit' | 'outbox' | 'audit' | 'clock' | 'institution' | 'region'>;

/** What the payload of `record.received` says beside its bytes, [bundle, raw]. */
export interface RecordHeader {
  /** the patient's identifiers, those of the region's agreed systems first */
  readonly identifiers: readonly { readonly system?: string; readonly value: string }[];
  readonly source: {
    readonly feed: string;
    readonly kind: 'hl7v2' | 'fhir';
    /** keyed hash of the sender's own id */
    readonly controlId?: string;
    readonly mapping: string;
  };
}

export interface MapLimits {
  readonly maxBytes: number;
  readonly defaultCharset: string;
}

/** Makes a record of an acknowledged message. The same message always makes the same bytes and the same record id. */
export class MapMessage {
  constructor(
    private readonly parts: Parts,
    private readonly hashes: KeyedHashes,
    private readonly limits: MapLimits,
  ) {}

  /**
   * @param others keys of the other streams that the message fences: its record fences them, too
   * @throws Problem record.unmappable, fhir.invalid, patient.ambiguous: the message waits for a person
   */
  async map(tx: Tx, message: Accepted, others: readonly string[] = []): Promise<void> {
    const { transit, outbox, audit, clock } = this.parts;
    const { header, parts } = await transit.get(message.payload);
    const arrival = header as Arrival;
    const [first, raw = first] = parts;
    if (!first || !raw) throw problem('internal', { detail: 'a payload without bytes' });
    const made = message.kind === 'hl7v2' ? this.mapped(message, first, arrival) : undefined;
    const bundle = made?.bundle ?? first;
    const mapping = made === undefined ? 'fhir-1' : `hl7v2-${mappingVersion}`;
    const { identifiers, episode } = this.factsOf(bundle, message);
    const source = { feed: arrival.feed, kind: message.kind, ...(arrival.key && { controlId: arrival.key }), mapping };
    const payload = await transit.put(tx, {
      header: { identifiers, source } satisfies RecordHeader,
      parts: [bundle, raw],
    });
    const recordId = recordIdOf(this.hashes, message.messageId);
    const { patientKey, messageId, receivedAt } = message;
    const value = { recordId, patientKey, episode, payload, messageId, mapping, receivedAt };
    const now = clock.now();
    await settleMessage(tx, messageId, recordId, now);
    if (arrival.reply) await settleReply(tx, messageId, { code: 'AA' }, { now, giveUpAt: now + replyPatience });
    if (made !== undefined) await keepLosses(tx, messageId, mapping, made.issues);
    const { link: kind } = arrival;
    const told =
      kind === undefined ? [] : [linked({ messageId, recordId, kind, patientKey, others: [...others], receivedAt })];
    await outbox.append(tx, [
      ...fenced(received(recordId, value), others),
      ...told.flatMap((each) => [...fenced(each.event, others), ...audit.events([each.fact])]),
    ]);
  }

  private mapped({ messageId }: Accepted, raw: Uint8Array, { zone, systems }: Arrival) {
    const { maxBytes, defaultCharset } = this.limits;
    const message = parseMessage(raw, { bytes: maxBytes, defaultCharset });
    const { bundle, issues } = mapMessage(message, {
      feedZone: zone,
      systems,
      idFor: (place) => this.hashes.uuid(messageId, place),
      source: `urn:medshare:institution:${this.parts.institution}`,
    });
    return { bundle: toJsonBytes(bundle), issues };
  }

  private factsOf(bytes: Uint8Array, { messageId, patientKey, receivedAt }: Accepted) {
    const { value } = parseFhirJson(bytes, { bytes: 4 * this.limits.maxBytes });
    const [wrong] = validateBundle(value);
    if (wrong) throw wrong;
    const found = agreedFirst(identifiersOfBundle(value), this.parts.region.identifierSystems);
    // who names nobody may speak of anybody: such records never share an episode, and so never a delegating key
    const { kind, id } =
      found.length === 0 ? { kind: 'message', id: messageId } : episodeOf(value, new Date(receivedAt).toISOString());
    return {
      identifiers: found.map(({ system, value: text }) => ({ ...(system !== undefined && { system }), value: text })),
      episode: this.hashes.episode(patientKey, kind, id),
    };
  }
}

export const recordIdOf = (hashes: KeyedHashes, messageId: string): string => hashes.uuid(messageId, 'record');

/** The record's id is the event's: a second mapping of one message is the same event. */
const received = (recordId: string, value: EventOf<'record.received'>): EventMessage =>
  event('record.received', { id: recordId, key: value.patientKey }, value);

/** Links, unlinks and merges are events of their own, in every stream that they join, and facts of the audit log. */
const linked = (value: EventOf<'patient.linked'>): { event: EventMessage; fact: AuditFact } => ({
  event: event('patient.linked', { id: `linked/${value.messageId}`, key: value.patientKey }, value),
  fact: {
    action: 'patient.linked',
    outcome: 'success',
    entities: [
      { kind: 'message', id: value.messageId },
      ...[value.patientKey, ...value.others].map((id) => ({ kind: 'patient', id })),
    ],
  },
});
