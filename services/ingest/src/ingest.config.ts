import { languages } from '@medshare/problems';
import { z } from 'zod';

const mebibyte = 1024 * 1024;
const count = (max: number) => z.int().min(1).max(max);

/** A TLS client: files in PEM. */
const clientTls = z.strictObject({
  /** authorities that are trusted instead of the system's */
  authorities: z.string().min(1).max(4096).optional(),
  cert: z.string().min(1).max(4096).optional(),
  key: z.string().min(1).max(4096).optional(),
  serverName: z.string().min(1).max(255).optional(),
});

/** Where a feed takes its application acknowledgements (HL7 v2.5.1 section 2.9.3) once the connection of the message is gone. */
export const replyAddress = z.strictObject({
  host: z.string().min(1).max(255),
  port: z.int().min(1).max(65_535),
  tls: clientTls.optional(),
  /** whether the application acknowledgement asks for an accept acknowledgement (its MSH-15), and is repeated until it comes */
  acceptAck: z.boolean().default(true),
});
export type ReplyAddress = z.output<typeof replyAddress>;

const base = z.string().max(2048).refine(isBase, 'must be a base URL without credentials, query or fragment');
function isBase(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, search, hash } = new URL(text);
  return ['https:', 'http:'].includes(protocol) && username === '' && search === '' && hash === '';
}

/** A registration as a backend service (SMART App Launch 2.2, Backend Services). */
const backendService = z.strictObject({
  clientId: z.string().regex(/^[!-~]{1,255}$/),
  /** file with the private key as a JWK, ES384 or RS384, with `kid`; a secret, read at each use */
  keyFile: z.string().min(1).max(4096),
  /** what the server's `.well-known/smart-configuration` says when left out */
  tokenUrl: base.optional(),
  scope: z
    .string()
    .regex(/^[!-~]+( [!-~]+)*$/)
    .max(1000)
    .default('system/*.rs'),
});
export type BackendService = z.output<typeof backendService>;

/** The FHIR R4 server of a feed, from which is fetched what its notifications do not bring. Nothing else is ever asked. */
export const fhirSource = z
  .strictObject({
    baseUrl: base,
    /** plain HTTP is for a network of one's own */
    allowHttp: z.boolean().default(false),
    /** file with a bearer token; read at each use */
    tokenFile: z.string().min(1).max(4096).optional(),
    /** tokens are asked for instead */
    backendService: backendService.optional(),
    /** towards its token endpoint, too */
    tls: clientTls.optional(),
    /** what is looked through when a notification names nothing: searches such as `Observation?category=laboratory` */
    search: z
      .array(z.string().regex(/^[A-Z][A-Za-z]{1,63}(\?[!-~]{1,900})?$/))
      .max(32)
      .refine((queries) => !queries.some((each) => /[?&](_lastUpdated|_sort|_count)[=:]/.test(each)), 'paging is ours')
      .default([]),
    /** where the first search begins; a day before the first notification when left out */
    since: z.iso.datetime({ offset: true }).optional(),
  })
  .refine(({ baseUrl, allowHttp }) => allowHttp || baseUrl.startsWith('https:'), 'must be https, or say allowHttp')
  .refine(
    ({ backendService, allowHttp }) => allowHttp || (backendService?.tokenUrl?.startsWith('https:') ?? true),
    'tokenUrl must be https, or say allowHttp',
  )
  .refine(
    ({ tokenFile, backendService }) => !tokenFile || !backendService,
    'takes one of tokenFile and backendService',
  );
export type FhirServer = z.output<typeof fhirSource>;

export const webhookSettings = z.strictObject({
  /** file with a token of 32 characters or more that notifications may carry instead of one of the identity provider's */
  tokenFile: z.string().min(1).max(4096).optional(),
  source: fhirSource.optional(),
});

/** One sender, and what is agreed with it. */
export const feedSettings = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/),
  /** MSH-3.1; any when left out */
  sendingApplication: z.string().min(1).max(227).optional(),
  /** MSH-4.1; any when left out */
  sendingFacility: z.string().min(1).max(227).optional(),
  /** IANA zone of times that name no offset */
  zone: z.string().min(1).max(64),
  /** what becomes of a control id seen before with other content */
  onConflict: z.enum(['refuse', 'accept-as-new']),
  /** assigning authority (PID-3.4.1) → identifier system, where the message names no universal id */
  agreedIdentifierSystems: z.record(z.string().min(1).max(227), z.string().min(1).max(256)).optional(),
  /** only senders that showed a certificate with one of these names: its CN, a DNS name, or `sha256:` and its fingerprint in hex */
  certificates: z.array(z.string().min(1).max(255)).min(1).max(64).optional(),
  applicationAck: replyAddress.optional(),
  /** `original`: MSH-15 and MSH-16 are not heeded, for senders that value them and expect AA all the same */
  acknowledgements: z.enum(['as-asked', 'original']).optional(),
  /** FHIR subscriptions of another system that notify us */
  webhook: webhookSettings.optional(),
  /** of the texts in ERR of its acknowledgements, `en` when left out; English all the same where a message's character set cannot write Chinese */
  language: z.enum(languages).optional(),
});
export type Feed = z.output<typeof feedSettings>;

/** TLS of the MLLP server; files in PEM, read again when they change. */
export const mllpTls = z.strictObject({
  key: z.string().min(1).max(4096),
  cert: z.string().min(1).max(4096),
  /** authorities of the senders' certificates */
  clientAuthorities: z.string().min(1).max(4096),
  /** `required`: no certificate, no connection. `optional`: without one only feeds that name no certificates are open */
  clientCertificates: z.enum(['required', 'optional']).default('required'),
});
export type MllpServerTls = z.output<typeof mllpTls>;

/** The MLLP server. Times in ms, sizes in bytes. */
export const mllpSettings = z.strictObject({
  host: z.string().min(1).max(255).default('127.0.0.1'),
  /** 0 takes any free one */
  port: z.int().min(0).max(65_535).default(2575),
  maxMessageBytes: count(64 * mebibyte).default(16 * mebibyte),
  maxConnections: count(10_000).default(256),
  /** silence after which a connection is closed */
  idleTimeout: count(86_400_000).default(600_000),
  /** messages of one connection that wait for their answer; past it nothing more is read */
  maxInFlight: count(10_000).default(256),
  /** when given, the listener speaks TLS only */
  tls: mllpTls.optional(),
  feeds: z.array(feedSettings).max(256).default([]),
});

export const ingestSettings = z.strictObject({
  mllp: mllpSettings.prefault({}),
  /** largest HTTP body, before and after decompression */
  maxBodyBytes: count(256 * mebibyte).default(16 * mebibyte),
  /** name of HL7 table 0211 that holds where MSH-18 is empty */
  defaultCharset: z.string().min(1).max(32).default('ASCII'),
  /** bytes of messages that may wait for the database at one time; past it senders are told to come back */
  maxWaitingBytes: count(4096 * mebibyte).default(128 * mebibyte),
});
export type IngestSettings = z.output<typeof ingestSettings>;

export interface Sender {
  /** MSH-3.1 */
  readonly application: string;
  /** MSH-4.1 */
  readonly facility: string;
  /** names of the certificate that it showed */
  readonly client?: readonly string[] | undefined;
}

/** @returns the feed that names most of the sender; undefined when none fits */
export function findFeed(feeds: readonly Feed[], sender: Sender): Feed | undefined {
  const fits = feeds.filter(
    ({ sendingApplication, sendingFacility, certificates }) =>
      (sendingApplication ?? sender.application) === sender.application &&
      (sendingFacility ?? sender.facility) === sender.facility &&
      (certificates === undefined || certificates.some((name) => sender.client?.includes(name))),
  );
  const named = (feed: Feed) =>
    Number(feed.sendingApplication !== undefined) +
    Number(feed.sendingFacility !== undefined) +
    Number(feed.certificates !== undefined);
  return fits.reduce<Feed | undefined>((best, feed) => (best && named(best) >= named(feed) ? best : feed), undefined);
}
