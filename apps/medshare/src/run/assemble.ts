import { readFile } from 'node:fs/promises';
import type { Blobs } from '@medshare/blobs';
import { systemClock, systemRandom, type Clock } from '@medshare/clock';
import { frame, suite, toBase64url } from '@medshare/crypto';
import { openDatabase, openListener, type Database, type Listener } from '@medshare/database';
import type { Region } from '@medshare/events';
import type { TokenVerifier } from '@medshare/identity';
import type { ConsoleSession } from '@medshare/identity/console-session';
import type { EmbeddedProvider } from '@medshare/identity/embedded-oidc.driver';
import type { KeyEncryption } from '@medshare/keys';
import { readSecretFile } from '@medshare/keys/secret-file';
import { Inbox, Outbox, startRelay, type Relay } from '@medshare/outbox';
import { Peers } from '@medshare/peers';
import type { Problem } from '@medshare/problems';
import { createAuditTrail, type RoleContext, type RoleName } from '@medshare/role';
import {
  createLogger,
  createMetricsRegistry,
  type Gauge,
  type Logger,
  type MetricsRegistry,
} from '@medshare/telemetry';
import { Transit } from '@medshare/transit';
import type { Config } from '../config.js';
import {
  openBlobs,
  openBus,
  openKeys,
  openLedger,
  openVerifier,
  type OpenedBus,
  type OpenedLedger,
} from '../drivers.js';
import { auditLogins } from './audit-logins.js';
import { urlOf } from './database-urls.js';
import { countParked, tellFindings } from './count-faults.js';
import { openProvider } from './embedded-provider.js';
import { policyFiles } from './files.js';
import { openSession, sessionKey } from './open-session.js';
import { openTracing } from './open-tracing.js';
import { readRegion, readSecret, readSigningKey } from './secrets.js';
import { tellExpiry } from './tell-expiry.js';
import { tellKeyProtection } from './tell-key-protection.js';

/** Everything that the roles of one institution stand on, built from its configuration. */
export interface Assembled {
  region: Region;
  clock: Clock;
  logger: Logger;
  metrics: MetricsRegistry;
  credentials: { key: string; cert: string };
  authorities: Map<string, string>;
  /** When the first certificate of a kind expires. */
  expiry: Gauge;
  verifier: TokenVerifier;
  session: ConsoleSession;
  provider: EmbeddedProvider | undefined;
  bus: OpenedBus;
  ledger: OpenedLedger | undefined;
  oprfShare: Uint8Array | undefined;
  contexts: Map<RoleName, RoleContext>;
  databases: Database[];
  /** Schema `transit`. */
  transit: { database: Database; payloads: Transit };
  onProblem(found: Problem): void;
  startRelays(): void;
  close(): Promise<void>;
}

/** Which of the institution's registered keys a role signs with; ingest and classifier sign nothing. */
const keyOf: Record<RoleName, string> = {
  ingest: 'reader',
  classifier: 'reader',
  vault: 'vault',
  ledger: 'ledger',
  access: 'access',
  reader: 'reader',
  audit: 'audit',
};

interface Manner {
  /** false for who only looks: no blocks are taken up, no blobs fetched; default true */
  readonly follow?: boolean;
  /** aborted when this process is to end */
  readonly stop?: AbortSignal | undefined;
}

/** @throws the reason of `stop`, when it comes while another process keeps the copy of the chain */
export async function assemble(config: Config, { follow = true, stop }: Manner = {}): Promise<Assembled> {
  const logger = createLogger({ role: 'institution', institution: config.institution, level: config.log.level });
  const metrics = createMetricsRegistry();
  const endTracing = follow ? await openTracing(config, metrics) : () => Promise.resolve();
  const keys = await openKeys(config);
  if (follow) tellKeyProtection(config, logger);
  const region = await readRegion(config.data);
  const credentials = await readCredentials(config);
  const authorities = await readAuthorities(config);
  const peers = new Peers({
    self: config.institution,
    ...credentials,
    authorities,
    urls: new Map(Object.entries(config.peers.urls)),
    timeoutMs: config.limits.callTimeout,
    random: systemRandom,
  });
  const shown = { institution: config.institution, cert: credentials.cert, authorities };
  const expiry = tellExpiry(metrics.forRole('institution'), shown);
  const listener = openListener(urlOf(config, 'transit'));
  const onTrouble = ({ code, where, detail = '' }: Problem) =>
    logger.warn({ code, where }, `the bus is in trouble, will retry: ${detail}`);
  const bus = await openBus(config, { listener, onTrouble });
  const blobs = await openBlobs(config, region, follow ? peers : undefined);
  const base = { config, logger, metrics, keys, region, peers, listener, bus, blobs };
  const ledger = config.roles.includes('ledger') ? await openInstitutionLedger(base, { follow, stop }) : undefined;
  const transitDatabase = openDatabase({
    url: urlOf(config, 'transit'),
    schema: 'transit',
    max: config.database.pools.transit,
    applicationName: 'medshare transit',
  });
  const transit = new Transit({
    database: transitDatabase,
    suite: suite('intl'),
    keyEncryption: keys,
    clock: systemClock,
    random: systemRandom,
  });
  const patientSecret = await readSecret(config.data, 'patient', keys);
  const contexts = new Map<RoleName, RoleContext>();
  for (const role of config.roles) contexts.set(role, await contextOf(role, base, transit, patientSecret));
  const relays: Relay[] = [];
  const verifier = await openVerifier(config);
  const databases = [...contexts.values()].map(({ database }) => database);
  return {
    region,
    clock: systemClock,
    logger,
    metrics,
    credentials,
    authorities,
    expiry,
    verifier,
    session: openSession(config, {
      verifier,
      onLogin: config.identity.embedded ? undefined : loginsOf(contexts),
      key: sessionKey(patientSecret),
    }),
    provider: config.identity.embedded ? await openProvider(config, loginsOf(contexts)) : undefined,
    bus,
    ledger,
    oprfShare: region.oprf.members.includes(config.institution)
      ? await readSecret(config.data, 'oprf', keys)
      : undefined,
    contexts,
    databases,
    transit: { database: transitDatabase, payloads: transit },
    onProblem(found) {
      const { code, where, cause } = found;
      if (code === 'internal') logger.error({ code, where, err: cause ?? found }, 'request failed');
      else logger.info({ code, where }, 'request refused');
    },
    startRelays() {
      for (const { database, logger: log } of contexts.values()) {
        const onError = () => log.warn({ code: 'bus.unavailable' }, 'outbox not moved, will retry');
        relays.push(startRelay({ db: database, bus, notify: listener, onError }));
      }
    },
    async close() {
      await Promise.all(relays.map((relay) => relay.stop()));
      await ledger?.ledger.close();
      await bus.close();
      await listener.close();
      await peers.close();
      await Promise.all([transitDatabase, ...databases].map((database) => database.close()));
      await endTracing();
    },
  };
}

/** Sign-ins belong to the access role; a deployment without one has the provider elsewhere. */
function loginsOf(contexts: ReadonlyMap<RoleName, RoleContext>): ReturnType<typeof auditLogins> | undefined {
  const access = contexts.get('access');
  return access && auditLogins(access);
}

interface Base {
  config: Config;
  logger: Logger;
  metrics: MetricsRegistry;
  keys: KeyEncryption;
  region: Region;
  peers: Peers;
  listener: Listener;
  bus: OpenedBus;
  blobs: Blobs;
}

async function openInstitutionLedger(
  base: Base,
  manner: { follow: boolean; stop: AbortSignal | undefined },
): Promise<OpenedLedger> {
  const { config, region, peers, keys, logger, metrics } = base;
  const { privateKey } = await readSigningKey(suite(region.suite), config.data, 'ledger', keys);
  const onFinding = tellFindings(metrics.forRole('ledger'), logger, systemClock);
  const onWait = () => logger.warn({}, 'another process keeps this member’s copy of the chain: standing by');
  const onLost = () => {
    logger.error({}, 'another process has taken over this member’s copy of the chain: ending');
    process.exitCode = 1;
    process.kill(process.pid, 'SIGTERM');
  };
  const onTrouble = ({ code, where, detail = '' }: Problem) =>
    logger.warn({ code, where }, `the chain is in trouble, will retry: ${detail}`);
  const onRenewed = () => logger.info({}, 'exchanged certificates and keys for the chain are in use');
  return openLedger(config, { region, peers, privateKey, onFinding, onTrouble, onRenewed, onWait, onLost, ...manner });
}

async function contextOf(
  role: RoleName,
  base: Base,
  transit: Transit,
  patientSecret: Uint8Array,
): Promise<RoleContext> {
  const { config, region, peers, keys, bus, blobs, metrics } = base;
  const { institution } = config;
  const used = suite(region.suite);
  const database = openDatabase({
    url: urlOf(config, role),
    schema: role,
    max: config.database.poolMax,
    applicationName: `medshare ${role}`,
  });
  const logger = createLogger({ role, institution, level: config.log.level });
  const outbox = new Outbox();
  const roleMetrics = metrics.forRole(role);
  const count = countParked(roleMetrics);
  const inbox = new Inbox({
    database,
    onParked: ({ topic, code }) => {
      count();
      logger.warn({ topic, code }, 'event parked');
    },
  });
  return {
    role,
    institution,
    region,
    suite: used,
    clock: systemClock,
    random: systemRandom,
    logger,
    metrics: roleMetrics,
    database,
    bus,
    outbox,
    inbox,
    blobs,
    peers,
    keyEncryption: keys,
    signingKey: await readSigningKey(used, config.data, keyOf[role], keys),
    patientKey: (system, value) => toBase64url(used.hmac(patientSecret, frame('medshare/patient/1', system, value))),
    transit,
    audit: createAuditTrail({ role, institution, clock: systemClock, random: systemRandom, outbox, peers }),
    policyFiles,
  };
}

async function readCredentials({ peers }: Config): Promise<{ key: string; cert: string }> {
  const [key, cert] = await Promise.all([
    readSecretFile(peers.key, { where: 'peers.key' }).then(String),
    readFile(peers.cert, 'utf8'),
  ]);
  return { key, cert };
}

async function readAuthorities({ peers }: Config): Promise<Map<string, string>> {
  const entries = Object.entries(peers.authorities);
  return new Map(await Promise.all(entries.map(async ([id, path]) => [id, await readFile(path, 'utf8')] as const)));
}
