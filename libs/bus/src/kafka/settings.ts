import kafkajs, { type Consumer, type Kafka as KafkaClient, type SASLOptions } from 'kafkajs';
import { openSocket, type TlsMaterial } from './open-socket.js';
import './quiet-when-idle.js';

export type { TlsMaterial };

export type SaslSettings =
  | { readonly mechanism: 'scram-sha-512'; readonly username: string; readonly password: string }
  /** asked for at every connection and before a broker ends a session: gives one that still lives for a while */
  | { readonly mechanism: 'oauthbearer'; token(): Promise<string> };

/** How the brokers of one institution are reached. */
export interface KafkaSettings {
  /** `host:port` of some brokers; the others are learnt from them */
  readonly brokers: readonly string[];
  /** before the name of every topic and group, e.g. `harbor.`: institutions may share a cluster, not their events */
  readonly prefix: string;
  /** called at every connection, so that renewed certificates are taken up; plain text without it */
  readonly tls?: () => TlsMaterial;
  readonly sasl?: SaslSettings;
}

/** ms; a broker that answers none of these in time is away */
const CONNECT_MS = 5_000;
const AUTHENTICATE_MS = 10_000;
const REQUEST_MS = 15_000;

/** Pauses between tries inside the client: 100 ms, doubled up to 1 s. */
export const patience = (retries: number) => ({
  initialRetryTime: 100,
  maxRetryTime: 1_000,
  multiplier: 2,
  factor: 0.2,
  retries,
});

const saslOf = (sasl: SaslSettings): SASLOptions =>
  sasl.mechanism === 'oauthbearer'
    ? { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: await sasl.token() }) }
    : { ...sasl };

/** A client of the cluster. Consumers get one each: the library shares what it thinks committed between those of one client. */
export const kafkaClient = ({ brokers, tls, sasl }: KafkaSettings, retries: number): KafkaClient =>
  new kafkajs.Kafka({
    clientId: 'medshare',
    brokers: [...brokers],
    // what goes wrong is told as a Problem; the library's own log quotes addresses and stacks
    logLevel: kafkajs.logLevel.NOTHING,
    connectionTimeout: CONNECT_MS,
    authenticationTimeout: AUTHENTICATE_MS,
    requestTimeout: REQUEST_MS,
    retry: patience(retries),
    ssl: tls !== undefined,
    ...(sasl && { sasl: saslOf(sasl) }),
    socketFactory: ({ host, port, onConnect }) => openSocket({ host, port, tls: tls?.() }, onConnect),
  });

/** Session of a group's member: one that died is missed after it, and its partitions go to others. */
const SESSION_MS = 15_000;
export const HEARTBEAT_MS = 3_000;
const REBALANCE_MS = 30_000;
/**
 * How long a fetch waits for something new: what a partition that was paused is late by at most, and what a member's heartbeat may wait for.
 * Each group and topic asks each broker that often: with 500 ms the brokers of an idle institution are kept busy by it.
 */
const FETCH_WAIT_MS = 2_000;
/** Bytes of one fetch of a partition and of a broker: the bound of what a consumer holds in memory, once a broker. */
const PARTITION_BYTES = 256 * 1024;
const FETCH_BYTES = 1024 * 1024;

export const groupConsumer = (settings: KafkaSettings, groupId: string): Consumer =>
  kafkaClient(settings, 5).consumer({
    groupId,
    allowAutoTopicCreation: false,
    sessionTimeout: SESSION_MS,
    heartbeatInterval: HEARTBEAT_MS,
    rebalanceTimeout: REBALANCE_MS,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    maxBytesPerPartition: PARTITION_BYTES,
    maxBytes: FETCH_BYTES,
    metadataMaxAge: 30_000,
    // a consumer that ended is made anew, by us: the library leaves some of its ends unnoticed
    retry: { ...patience(5), restartOnFailure: () => Promise.resolve(false) },
  });

export const topicName = ({ prefix }: Pick<KafkaSettings, 'prefix'>, topic: string): string => `${prefix}${topic}`;

/** Members of a Kafka group read the same topics, so that releases with other topics run beside each other: one a group and topic. */
export const groupName = ({ prefix }: Pick<KafkaSettings, 'prefix'>, group: string, topic: string): string =>
  `${prefix}${group}:${topic}`;

/** @returns undefined for a group that is not of this prefix */
export const readGroupName = (
  { prefix }: Pick<KafkaSettings, 'prefix'>,
  name: string,
): { group: string; topic: string } | undefined => {
  const at = name.indexOf(':', prefix.length);
  if (!name.startsWith(prefix) || at < 0) return undefined;
  return { group: name.slice(prefix.length, at), topic: name.slice(at + 1) };
};
