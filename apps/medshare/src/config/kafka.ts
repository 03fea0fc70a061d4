import { z } from 'zod';

// The section `kafka`: how a bus on Kafka is reached and what its topics are.

const text = (longest: number) => z.string().min(1).max(longest);
const path = text(4096);
const count = (max: number) => z.int().min(1).max(max);

const tls = z.strictObject({
  authorities: path.optional().describe("File with the authorities of the brokers (PEM); the system's when left out."),
  cert: path.optional().describe('File with our certificate (PEM), where the brokers ask for one.'),
  key: path.optional().describe('File with its private key (PEM).'),
  serverName: text(255)
    .optional()
    .describe("Name that the brokers' certificates must carry; each broker's host when left out."),
});

const sasl = z.strictObject({
  mechanism: z.enum(['scram-sha-512', 'oauthbearer']).describe('How we say who we are.'),
  username: text(255).optional().describe('User, with `scram-sha-512`.'),
  passwordFile: path
    .optional()
    .describe("File with the user's password, with `scram-sha-512`; a secret, for its owner's eyes only."),
  issuer: z
    .string()
    .refine((url) => URL.canParse(url) && /^https?:\/\/[^?#@]+$/.test(url), 'must be an http or https URL')
    .optional()
    .describe('Issuer of the tokens, with `oauthbearer`; `identity.issuer` when left out.'),
  clientId: text(255).optional().describe('Service account that asks for tokens, with `oauthbearer`.'),
  clientSecretFile: path
    .optional()
    .describe("File with the service account's secret, with `oauthbearer`; a secret, for its owner's eyes only."),
});

const topics = z.strictObject({
  partitions: count(256)
    .default(8)
    .describe('Partitions of each topic; settled while the topic keeps events, for a key lives in one of them.'),
  replicationFactor: count(16).default(3).describe('Brokers that keep each event.'),
  minInsyncReplicas: count(16).default(2).describe('Brokers that have an event when it counts as durable.'),
  retentionDays: count(3650)
    .default(60)
    .describe(
      'Days after which an event goes though somebody has not consumed it; what all have done goes after `limits.retentionDays`.',
    ),
});

export const kafkaSection = z.strictObject({
  prefix: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,39}$/, 'must be lower-case letters, digits, dots, hyphens')
    .optional()
    .describe('Before the name of every topic and group; the institution and a dot when left out.'),
  tls: tls.optional().describe('TLS towards the brokers. Files are read again at each connection.'),
  sasl: sasl.optional().describe('Who we are to the brokers.'),
  topics: topics.prefault({}).describe('What `medshare migrate` makes topics like.'),
});

/** `host:port` of the brokers in a bus URL; undefined when it is none of Kafka. */
export function brokersOf(bus: string): string[] | undefined {
  return bus.startsWith('kafka:') ? bus.replace(/^kafka:(\/\/)?/, '').split(',') : undefined;
}

const address = /^(\[[0-9a-f:]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})$/;
const loopback = /^(127\.|localhost:|\[::1\]:)/;

interface KafkaParts {
  bus: string;
  kafka: z.output<typeof kafkaSection>;
  limits: { retentionDays: number };
}

/** What the section must be when the bus is Kafka; another bus does not look at it. */
export function kafkaRules({ bus, kafka, limits }: KafkaParts, context: z.RefinementCtx): void {
  const brokers = brokersOf(bus);
  if (!brokers) return;
  const mistake = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  if (!bus.startsWith('kafka://') || !brokers.every((broker) => address.test(broker)))
    mistake(['bus'], 'must be kafka://host:port, several separated by commas');
  if (!kafka.tls && !brokers.every((broker) => loopback.test(broker)))
    mistake(['kafka', 'tls'], 'is missing: brokers beyond this computer are reached by TLS only');
  for (const path of missingOf(kafka)) mistake(['kafka', ...path], 'is missing');
  const { topics } = kafka;
  if (topics.minInsyncReplicas > topics.replicationFactor)
    mistake(['kafka', 'topics', 'minInsyncReplicas'], 'must not be more than kafka.topics.replicationFactor');
  if (topics.retentionDays <= limits.retentionDays)
    mistake(['kafka', 'topics', 'retentionDays'], 'must be more than limits.retentionDays');
}

/** What goes with something that is there. */
function missingOf({ tls, sasl }: KafkaParts['kafka']): string[][] {
  const pair = (['cert', 'key'] as const).filter((key) => tls?.[key] === undefined);
  const halves = pair.length === 1 ? pair.map((key) => ['tls', key]) : [];
  if (!sasl) return halves;
  const wanted = sasl.mechanism === 'oauthbearer' ? (['clientId', 'clientSecretFile'] as const) : scram;
  return [...halves, ...wanted.filter((key) => sasl[key] === undefined).map((key) => ['sasl', key])];
}

const scram = ['username', 'passwordFile'] as const;
