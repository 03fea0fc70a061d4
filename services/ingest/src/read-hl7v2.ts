import { defaultLimits, messageKey, parseMessage, validateMessage, type Limits, type Message } from '@medshare/hl7';
import { MAX_FENCE_KEYS } from '@medshare/outbox';
import { asProblem, problem, type Problem } from '@medshare/problems';
import type { Candidate } from './candidate.js';
import { linkOf } from './find-links.js';
import { agreedFirst, identifiersOfField, identifiersOfMessage } from './find-patient.js';
import { findFeed, type Feed } from './ingest.config.js';
import type { KeyedHashes } from './keyed-hashes.js';

export interface ReadHl7v2Options {
  readonly feeds: readonly Feed[];
  readonly maxBytes: number;
  readonly defaultCharset: string;
  /** identifier systems that the region agreed on */
  readonly agreedSystems: readonly string[];
  readonly hashes: KeyedHashes;
}

/** What can be said of bytes that claim to be a message: all that was wrong, or a candidate. */
export type Read = { readonly message?: Message; readonly feed?: Feed } & (
  { readonly problems: readonly [Problem, ...Problem[]] } | { readonly problems?: never; readonly candidate: Candidate }
);

/** Checks everything that an AA promises except durability and duplicates. Never throws. */
export class ReadHl7v2 {
  private readonly limits: Partial<Limits>;

  constructor(private readonly options: ReadHl7v2Options) {
    const { maxBytes, defaultCharset } = options;
    this.limits = { ...defaultLimits, bytes: maxBytes, defaultCharset };
  }

  /** @param client names of the certificate that the sender showed */
  read(bytes: Uint8Array, client?: readonly string[]): Read {
    let message: Message;
    try {
      message = parseMessage(bytes, this.limits);
    } catch (caught) {
      return { problems: [asProblem(caught)] };
    }
    return this.judge(message, client);
  }

  private judge(message: Message, client: readonly string[] | undefined): Read {
    const feed = this.feedOf(message, client);
    try {
      const [first, ...others] = validateMessage(message);
      if (first) return { message, ...(feed && { feed }), problems: [first, ...others] };
      if (!feed)
        return {
          message,
          problems: [problem('auth.forbidden', { where: 'MSH-3', detail: 'no feed takes this sender' })],
        };
      return { message, feed, candidate: this.candidate(message, feed) };
    } catch (caught) {
      return { message, ...(feed && { feed }), problems: [asProblem(caught)] };
    }
  }

  private feedOf({ header }: Message, client: readonly string[] | undefined): Feed | undefined {
    const sender = { application: header.text(3) ?? '', facility: header.text(4) ?? '', client };
    return findFeed(this.options.feeds, sender);
  }

  private candidate(message: Message, feed: Feed): Candidate {
    const { hashes, agreedSystems } = this.options;
    const { application, facility, controlId } = messageKey(message);
    const systems = feed.agreedIdentifierSystems ?? {};
    const [patient, ...others] = agreedFirst(identifiersOfMessage(message, systems), agreedSystems);
    const link = linkOf(message);
    const joined = link?.places.flatMap(({ segment, field }) => identifiersOfField(segment, field, systems)) ?? [];
    return {
      kind: 'hl7v2',
      arrival: {
        feed: feed.name,
        zone: feed.zone,
        systems,
        key: hashes.message('hl7v2', application, facility, controlId),
        ...(link && { link: link.kind }),
      },
      onConflict: feed.onConflict,
      content: hashes.content(message.bytes),
      patientKey: patient ? hashes.patient(patient, feed.name) : hashes.nobody(feed.name),
      aliases: others.slice(0, MAX_FENCE_KEYS).map((each) => hashes.patient(each, feed.name)),
      ...(link && {
        link: { kind: link.kind, identifiers: joined.map((each) => hashes.patient(each, feed.name)) },
      }),
      parts: [message.bytes],
    };
  }
}
