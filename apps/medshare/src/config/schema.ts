import { z } from 'zod';
import { roleNames } from '@medshare/role/context';
import { blobRules, ipfsSection, s3Section } from './blobs.js';
import { identityRules, identitySection } from './identity.js';
import { fabricRules, fabricSection } from './fabric.js';
import { kafkaRules, kafkaSection } from './kafka.js';

const institution = z.string().regex(/^[a-z][a-z0-9-]{1,30}$/, 'must be lower-case letters, digits and hyphens');
const host = z.string().min(1).max(255);
const port = z.int().min(0).max(65_535);
const path = z.string().min(1).max(4096);
const count = (max: number) => z.int().min(1).max(max);
const mebibyte = 1024 * 1024;

/** A URL whose scheme names the driver; a scheme that this release has no driver for is refused at start, not at use. */
const driver = (...schemes: [string, ...string[]]) =>
  z
    .string()
    .max(4096)
    .refine(
      (url) => schemes.some((scheme) => url.startsWith(`${scheme}:`)),
      `must begin with ${schemes.join(': or ')}:`,
    );

const httpUrl = (pattern: RegExp, message: string) =>
  z.string().refine((text) => URL.canParse(text) && pattern.test(text), message);

const peerUrl = httpUrl(/^https:\/\/[^/?#@]+\/?$/, 'must be https://host:port');

const zone = z.string().refine(isZone, 'must be an IANA time zone such as Asia/Shanghai');

/** Offsets are refused: they do not know summer time. */
function isZone(name: string): boolean {
  if (!/^([A-Z][A-Za-z_]+(\/[A-Za-z0-9_+-]+)+|UTC)$/.test(name)) return false;
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}

/**
 * Passwords and records leave this machine only through TLS whose other end is verified. What stands behind the question mark counts before
 * the host in front of it, and of two the last one; `ssl` beside `sslmode` is not looked into.
 */
function isEncrypted(text: string): boolean {
  if (!URL.canParse(text) || !/^postgres(ql)?:/.test(text)) return true;
  const { hostname, searchParams } = new URL(text);
  const host = searchParams.getAll('host').at(-1) ?? hostname;
  const isHere = /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?|\/.*)$/.test(host);
  const isVerified = searchParams.getAll('sslmode').join() === 'verify-full' && !searchParams.has('ssl');
  return isHere || isVerified;
}

const http = z.strictObject({
  host: host.default('127.0.0.1').describe('Address that the public HTTP server listens on.'),
  port: port.default(8080).describe('Its port; 0 takes any free one.'),
  publicUrl: httpUrl(/^https?:\/\/[^/?#@]+\/?$/, 'must be http or https, a host, and nothing behind it')
    .optional()
    .describe(
      'Where browsers reach it, e.g. `https://medshare.harbor.example`: where the identity provider sends people back to. Its own address when left out.',
    ),
});

const peers = z.strictObject({
  host: host.default('127.0.0.1').describe('Address that the mutual-TLS server for peers listens on.'),
  port: port.default(8443).describe('Its port; 0 takes any free one.'),
  key: path.describe('File with the private key of this process (PEM, PKCS#8).'),
  cert: path.describe("File with its certificate (PEM), issued by the institution's own authority."),
  authorities: z
    .record(institution, path)
    .describe("File with each member's authority certificates (PEM), by institution."),
  urls: z
    .record(institution, z.union([peerUrl, z.partialRecord(z.enum(roleNames), peerUrl)]))
    .describe(
      'Base URL of each member’s peer server, the own one included, by institution; where roles have addresses of their own, theirs, by role.',
    ),
});

const clientTls = z.strictObject({
  authorities: path
    .optional()
    .describe("File with the authorities that are trusted (PEM); the system's when left out."),
  cert: path.optional().describe('File with our certificate (PEM).'),
  key: path.optional().describe('File with its private key (PEM).'),
  serverName: host.optional().describe("Name that the other side's certificate must carry; the host when left out."),
});

const replyAddress = z.strictObject({
  host: host.describe('Host of the listener.'),
  port: z.int().min(1).max(65_535).describe('Its port.'),
  tls: clientTls.optional().describe('TLS towards it.'),
  acceptAck: z
    .boolean()
    .default(true)
    .describe(
      'Whether the application acknowledgement asks for an accept acknowledgement, and is repeated until it comes.',
    ),
});

const backendService = z.strictObject({
  clientId: z
    .string()
    .regex(/^[!-~]{1,255}$/, 'must be the client id that the server gave')
    .describe('Client id that the server gave when the public key was registered there.'),
  keyFile: path.describe(
    'File with the private key, made by `medshare webhooks key`: a JWK, ES384 or RS384, with `kid`; a secret, read at each use.',
  ),
  tokenUrl: httpUrl(/^https?:\/\/[^?#@\s]+$/, 'must be an http or https URL without query')
    .optional()
    .describe('Token endpoint; what the server’s `.well-known/smart-configuration` says when left out.'),
  scope: z
    .string()
    .max(1000)
    .regex(/^[!-~]+( [!-~]+)*$/, 'must be scopes such as system/Patient.rs system/Observation.rs')
    .default('system/*.rs')
    .describe('What is asked for, scopes with a space between.'),
});

const fhirSource = z
  .strictObject({
    baseUrl: httpUrl(/^https?:\/\/[^?#@\s]+$/, 'must be an http or https URL without query').describe(
      'Base URL of the FHIR R4 server; nothing that is not below it is ever asked, and no redirect is followed.',
    ),
    allowHttp: z.boolean().default(false).describe('Whether it may be plain HTTP: on a network of your own only.'),
    tokenFile: path.optional().describe('File with a bearer token for it; a secret, read at each use.'),
    backendService: backendService
      .optional()
      .describe('Registration as a backend service (SMART App Launch 2.2), by which tokens are asked for.'),
    tls: clientTls.optional().describe('TLS towards it and its token endpoint, beside the system’s authorities.'),
    search: z
      .array(
        z
          .string()
          .regex(/^[A-Z][A-Za-z]{1,63}(\?[!-~]{1,900})?$/, 'must be a search such as Observation?category=laboratory')
          .refine((query) => !/[?&](_lastUpdated|_sort|_count)[=:]/.test(query), 'must leave paging to medshare'),
      )
      .max(32)
      .default([])
      .describe(
        'Searches for what changed, made when a notification names nothing or the server does not tell missed events: `Observation?category=laboratory`.',
      ),
    since: z.iso
      .datetime({ offset: true })
      .optional()
      .describe('Where the first search begins; a day before the first notification when left out.'),
  })
  .refine(({ baseUrl, allowHttp }) => allowHttp || baseUrl.startsWith('https:'), {
    path: ['baseUrl'],
    message: 'must be https, or say allowHttp',
  })
  .refine(({ backendService, allowHttp }) => allowHttp || (backendService?.tokenUrl?.startsWith('https:') ?? true), {
    path: ['backendService', 'tokenUrl'],
    message: 'must be https, or say allowHttp',
  })
  .refine(({ tokenFile, backendService }) => !tokenFile || !backendService, {
    path: ['backendService'],
    message: 'cannot stand beside tokenFile',
  });

const webhook = z.strictObject({
  tokenFile: path
    .optional()
    .describe(
      'File with a token of 32 characters or more that notifications of this feed may carry as their bearer token; a secret, read again within seconds of its change.',
    ),
  source: fhirSource.optional().describe('FHIR server from which is fetched what notifications do not bring.'),
});

const feed = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be lower-case letters, digits and hyphens')
    .describe('Name of the feed in logs, metrics and the inbox.'),
  sendingApplication: z
    .string()
    .min(1)
    .max(227)
    .optional()
    .describe('Only messages with this MSH-3.1; any when left out.'),
  sendingFacility: z
    .string()
    .min(1)
    .max(227)
    .optional()
    .describe('Only messages with this MSH-4.1; any when left out.'),
  zone: zone.describe('IANA time zone of times that name no offset.'),
  onConflict: z
    .enum(['refuse', 'accept-as-new'])
    .describe(
      'What becomes of a control id seen before with other content: `refuse` answers AE, `accept-as-new` takes it.',
    ),
  agreedIdentifierSystems: z
    .record(z.string().min(1).max(227), z.string().min(1).max(256))
    .optional()
    .describe('Identifier system that the region agreed on, by assigning authority of PID-3.4.'),
  certificates: z
    .array(z.string().min(1).max(255))
    .min(1)
    .max(64)
    .optional()
    .describe(
      'Only senders whose TLS certificate has one of these names: its common name, a DNS name, or `sha256:` and its fingerprint in hex.',
    ),
  applicationAck: replyAddress
    .optional()
    .describe(
      'MLLP listener that takes application acknowledgements (enhanced mode) once the connection of their message is gone.',
    ),
  acknowledgements: z
    .enum(['as-asked', 'original'])
    .default('as-asked')
    .describe('`original`: MSH-15 and MSH-16 are not heeded, for senders that value them and expect AA all the same.'),
  webhook: webhook.optional().describe('FHIR subscriptions of another system that notify `/webhooks/fhir`.'),
});

const mllpTls = z.strictObject({
  key: path.describe('File with the private key of the listener (PEM).'),
  cert: path.describe('File with its certificate (PEM).'),
  clientAuthorities: path.describe("File with the authorities of the senders' certificates (PEM)."),
  clientCertificates: z
    .enum(['required', 'optional'])
    .default('required')
    .describe('`optional`: who shows no certificate reaches only feeds that name no certificates.'),
});

const mllp = z.strictObject({
  host: host.default('127.0.0.1').describe('Address that the MLLP server listens on.'),
  port: port.default(2575).describe('Its port; 0 takes any free one.'),
  maxMessageBytes: count(64 * mebibyte)
    .default(16 * mebibyte)
    .describe('Largest message, in bytes.'),
  maxConnections: count(10_000).default(256).describe('Connections at one time; further ones are closed at once.'),
  idleTimeout: count(86_400_000)
    .default(600_000)
    .describe('Milliseconds of silence after which a connection is closed.'),
  tls: mllpTls
    .optional()
    .describe('When given, the listener speaks TLS only. Files are read again within a minute of their change.'),
  feeds: z
    .array(feed)
    .max(256)
    .default([])
    .superRefine(unique('name'))
    .describe('Senders that are listened to; a message that fits none is refused.'),
});

const database = z.strictObject({
  url: driver('postgresql', 'postgres', 'embedded')
    .refine(isEncrypted, 'must end in ?sslmode=verify-full for a server on another machine')
    .default('embedded:')
    .describe(
      'PostgreSQL by URL, or `embedded:` for a server of its own below `data`. TLS by `?sslmode=verify-full&sslrootcert=` and a file of authorities. Its user owns the schemas.',
    ),
  passwordFile: path
    .optional()
    .describe("File with the password of the URL's user; only `medshare migrate` needs it where `users` are given."),
  users: z
    .strictObject({
      prefix: z
        .string()
        .regex(/^[a-z_][a-z0-9_]{0,40}$/, 'must be lower-case letters, digits and underscores')
        .describe('What the names of the users begin with; the name of the schema follows, e.g. `harbor_vault`.'),
      passwords: path.describe(
        'Folder with a file for each user that this process needs, named after the schema: its password.',
      ),
    })
    .optional()
    .describe(
      'A user of its own for each schema, which may use its tables and nothing else; `medshare migrate` makes them.',
    ),
  poolMax: count(100).default(4).describe('Connections of each role at most.'),
  pools: z
    .strictObject({
      transit: count(100).default(3).describe('Connections for what passes between roles.'),
      bus: count(100)
        .min(3)
        .default(6)
        .describe('Connections of the bus `postgres:`; two fewer partitions are worked on at once.'),
      chain: count(100).default(8).describe('Connections for the copy of the chain, in a process with role `ledger`.'),
    })
    .prefault({})
    .describe('Connections at most of what the roles of a process share. One more waits for notifications.'),
});

const limits = z.strictObject({
  bodyBytes: count(256 * mebibyte)
    .default(16 * mebibyte)
    .describe('Largest body of a public HTTP request, in bytes.'),
  requestsPerMinute: count(1_000_000)
    .default(6000)
    .describe('Public HTTP requests of one caller in a minute; past it 429.'),
  retentionDays: count(3650)
    .default(14)
    .describe(
      'Days that events, ids of events and payloads between roles are kept at least; what is parked or not consumed stays until it is done.',
    ),
  callTimeout: count(600_000).default(10_000).describe('Milliseconds that a call to a peer may take.'),
  shutdownTimeout: count(600_000)
    .default(15_000)
    .describe(
      'Milliseconds that each part may take to end after a signal to stop; what is cut off is done again after the next start.',
    ),
});

const telemetry = z.strictObject({
  endpoint: httpUrl(/^https?:\/\/[^?#@]+$/, 'must be an http or https URL')
    .optional()
    .describe(
      'Where an OpenTelemetry collector takes traces by OTLP/HTTP (JSON), e.g. `http://127.0.0.1:4318/v1/traces`; nothing is traced without it.',
    ),
  headersFile: path
    .optional()
    .describe("File of headers for the collector, a `name: value` a line; a secret, for its owner's eyes only."),
  samplingRatio: z.number().min(0).max(1).default(1).describe('Share of traces that are recorded.'),
});

export const configSchema = z
  .strictObject({
    region: institution.describe('Region (alliance) that the institution belongs to.'),
    institution: institution.describe('Id of the institution in its region.'),
    data: path.describe('Folder of what the embedded drivers keep.'),
    http: http.prefault({}).describe('The public HTTP server.'),
    peers: peers.describe('Mutual TLS with own roles and other institutions.'),
    mllp: mllp.prefault({}).describe('The MLLP server of role `ingest`.'),
    database: database.prefault({}).describe('The database; each role has a schema of its own in it.'),
    bus: driver('postgres', 'kafka')
      .default('postgres:')
      .describe(
        'Events between roles: `postgres:` keeps them in the database, `kafka://host:port,host:port` in Kafka.',
      ),
    kafka: kafkaSection.prefault({}).describe('Kafka, when it is the bus.'),
    ledger: driver('embedded', 'fabric')
      .default('embedded:')
      .describe(
        'The chain: `embedded:` runs it in this process; `fabric://host:port/channel` is a channel of Hyperledger Fabric, reached through the Gateway service of our own peer.',
      ),
    fabric: fabricSection.prefault({}).describe('Hyperledger Fabric, when the chain is a channel of it.'),
    blobs: driver('file', 'ipfs', 's3')
      .default('file:blobs')
      .describe(
        'Sealed bytes: `file:` and a folder, `ipfs:` on nodes of a private swarm, `s3://bucket/` and what keys begin with.',
      ),
    ipfs: ipfsSection.prefault({}).describe('The nodes, when sealed bytes are on IPFS.'),
    s3: s3Section.prefault({}).describe('The object store, when sealed bytes are in a bucket.'),
    keys: driver('file', 'mounted').describe(
      'Key-encryption key: `file:` and a file of its own, made when missing; `mounted:` and a folder that others fill (a Kubernetes secret) and several replicas share: `current` wraps, every other file still unwraps, changes are seen without a restart.',
    ),
    identity: identitySection.describe('Who vouches for people and programs.'),
    roles: z
      .array(z.enum(roleNames))
      .min(1)
      .default([...roleNames])
      .refine((roles) => new Set(roles).size === roles.length, 'must name each role once')
      .describe('Roles that this process runs.'),
    log: z
      .strictObject({
        level: z
          .enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent'])
          .default('info')
          .describe('Least severe level that is written.'),
      })
      .prefault({})
      .describe('Logging.'),
    telemetry: telemetry.prefault({}).describe('Traces of what passes through; see docs/observe.md.'),
    limits: limits.prefault({}).describe('Bounds; past one, a clear refusal.'),
  })
  .superRefine(membership)
  .superRefine(identityRules)
  .superRefine(kafkaRules)
  .superRefine(fabricRules)
  .superRefine(blobRules);

/** One institution's deployment, validated, with absolute paths. */
export type Config = z.output<typeof configSchema>;

function unique<K extends string>(key: K) {
  return (items: Record<K, unknown>[], context: z.RefinementCtx): void => {
    items.forEach((item, index) => {
      if (items.findIndex((other) => other[key] === item[key]) < index)
        context.addIssue({ code: 'custom', path: [index, key], message: 'is taken by an earlier one' });
    });
  };
}

/** Whoever is called must be known, and the institution itself first of all. */
function membership(
  {
    institution: own,
    peers: { authorities, urls },
  }: z.output<z.ZodObject<{ institution: typeof institution; peers: typeof peers }>>,
  context: z.RefinementCtx,
): void {
  const missing = (place: 'authorities' | 'urls', id: string) =>
    context.addIssue({ code: 'custom', path: ['peers', place, id], message: 'is missing' });
  for (const id of new Set([own, ...Object.keys(urls)])) if (!(id in authorities)) missing('authorities', id);
  if (!(own in urls)) missing('urls', own);
}
