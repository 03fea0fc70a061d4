import type { RoleContext } from '@medshare/role';
import { AcceptMessage } from './accept-message.js';
import { ConsumeAccepted } from './consume-accepted.js';
import { DeliverReplies } from './deliver-replies.js';
import { FetchOne } from './fetch-one.js';
import { FetchSource } from './fetch-source.js';
import { IdentifyHook } from './identify-hook.js';
import type { IngestSettings } from './ingest.config.js';
import type { IngestMetrics } from './ingest-metrics.js';
import { KeyedHashes } from './keyed-hashes.js';
import { MapMessage } from './map-message.js';
import { OpenChannels } from './open-channels.js';
import { ParkMessage } from './park-message.js';
import { ReadFhir } from './read-fhir.js';
import { ReadHl7v2 } from './read-hl7v2.js';
import { ReceiveFhir } from './receive-fhir.js';
import { ReceiveFrame } from './receive-frame.js';
import { ReceiveHl7v2 } from './receive-hl7v2.js';
import { ReceiveWebhook } from './receive-webhook.js';
import { RefuseMessage } from './refuse-message.js';
import { TakeVersion } from './take-version.js';
import { WriteReply } from './write-reply.js';

/** What of a role's context the use-cases take. */
export type IngestParts = Pick<
  RoleContext,
  | 'institution'
  | 'region'
  | 'clock'
  | 'random'
  | 'logger'
  | 'database'
  | 'outbox'
  | 'inbox'
  | 'transit'
  | 'audit'
  | 'patientKey'
  | 'policyFiles'
>;

export interface Ingest {
  readonly hashes: KeyedHashes;
  readonly readHl7v2: ReadHl7v2;
  readonly readFhir: ReadFhir;
  readonly accept: AcceptMessage;
  readonly refuse: RefuseMessage;
  readonly receiveHl7v2: ReceiveHl7v2;
  readonly receiveFrame: ReceiveFrame;
  readonly receiveFhir: ReceiveFhir;
  readonly parkMessage: ParkMessage;
  readonly consumeAccepted: ConsumeAccepted;
  readonly channels: OpenChannels;
  readonly writeReply: WriteReply;
  readonly deliverReplies: DeliverReplies;
  readonly identifyHook: IdentifyHook;
  readonly receiveWebhook: ReceiveWebhook;
  readonly fetchSource: FetchSource;
}

/** The use-cases of ingest, built once a process. */
export function assembleIngest(context: IngestParts, settings: IngestSettings, metrics: IngestMetrics): Ingest {
  const { mllp, maxBodyBytes, defaultCharset } = settings;
  const maxBytes = Math.max(mllp.maxMessageBytes, maxBodyBytes);
  const hashes = new KeyedHashes(context.patientKey);
  const agreedSystems = context.region.identifierSystems;
  const readHl7v2 = new ReadHl7v2({ feeds: mllp.feeds, maxBytes, defaultCharset, agreedSystems, hashes });
  const readFhir = new ReadFhir({ maxBytes: maxBodyBytes, agreedSystems, hashes });
  const accept = new AcceptMessage(context, settings);
  const refuse = new RefuseMessage(context, hashes, metrics);
  const receiveHl7v2 = new ReceiveHl7v2(context, { read: readHl7v2, accept, refuse, metrics });
  const receiveFhir = new ReceiveFhir(context, { read: readFhir, accept, refuse, metrics }, hashes, mllp.feeds);
  const limits = { maxBytes, defaultCharset };
  const mapMessage = new MapMessage(context, hashes, limits);
  const parkMessage = new ParkMessage(context, hashes, metrics);
  const channels = new OpenChannels();
  const writeReply = new WriteReply(context, hashes, limits, mllp.feeds);
  const steps = { write: writeReply, channels, feeds: mllp.feeds, metrics };
  const deliverReplies = new DeliverReplies(context, steps);
  const consumeAccepted = new ConsumeAccepted(context.inbox, mapMessage, parkMessage, deliverReplies);
  const take = new TakeVersion(context, { read: readFhir, accept, refuse, metrics }, hashes, maxBodyBytes);
  const one = new FetchOne(context, take, hashes, maxBodyBytes);
  const fetchSource = new FetchSource(context, { one, feeds: mllp.feeds, metrics });
  const hooks = { take, refuse, metrics, fetch: fetchSource };
  const receiveWebhook = new ReceiveWebhook(context, hooks, hashes, { maxBytes: maxBodyBytes });
  return {
    hashes,
    readHl7v2,
    readFhir,
    accept,
    refuse,
    receiveHl7v2,
    receiveFrame: new ReceiveFrame(context, receiveHl7v2),
    receiveFhir,
    parkMessage,
    consumeAccepted,
    channels,
    writeReply,
    deliverReplies,
    identifyHook: new IdentifyHook(context, mllp.feeds),
    receiveWebhook,
    fetchSource,
  };
}
