import { fileURLToPath } from 'node:url';
import type { Blobs } from '@medshare/blobs';
import type { Bus } from '@medshare/bus';
import { openPostgresLog } from '@medshare/bus/postgres-log.driver';
import { systemClock } from '@medshare/clock';
import { catalogue, type Region } from '@medshare/events';
import { createOidcVerifier, type TokenVerifier } from '@medshare/identity';
import type { KeyEncryption } from '@medshare/keys';
import { openFileKeys } from '@medshare/keys/file.driver';
import { openMountedKeys } from '@medshare/keys/mounted.driver';
import { openEmbeddedLedger, type Member, type OnFinding, type Transport } from '@medshare/ledger/embedded';
import type { Ledger } from '@medshare/ledger';
import { readBundle } from '@medshare/ledger/read-bundle';
import { blocksRoute, endorseRoute, orderRoute } from '@medshare/ledger/embedded-routes';
import type { Peers } from '@medshare/peers';
import { isProblem, problem, type Problem } from '@medshare/problems';
import type { Listener } from '@medshare/database';
import type { Config } from './config.js';
import { urlOf } from './run/database-urls.js';
import { authoritiesOf } from './run/setting-files.js';
import { openBucket, openFiles, openIpfs, type BlobConfig } from './run/open-blobs.js';

// URL scheme → driver: the only place that picks one.

const unknownScheme = (key: string, url: string) =>
  problem('config.invalid', { where: key, detail: `no driver for ${url.slice(0, url.indexOf(':') + 1)}` });

export function openKeys({ keys }: Pick<Config, 'keys'>): Promise<KeyEncryption> {
  if (keys.startsWith('mounted:'))
    return openMountedKeys({ folder: fileURLToPath(keys.replace(/^mounted:/, 'file:')) });
  if (!keys.startsWith('file:')) throw unknownScheme('keys', keys);
  return openFileKeys({ path: fileURLToPath(keys) });
}

/** Who checks the tokens of people and programs. */
export async function openVerifier({
  identity,
  institution,
}: Pick<Config, 'identity' | 'institution'>): Promise<TokenVerifier> {
  const { driver, issuer, audience, keyMaxAge: keyMaxAgeMs } = identity;
  const authorities = authoritiesOf(identity);
  const options = { issuer, institution, audience, keyMaxAgeMs, authorities, clock: systemClock };
  if (driver === 'oidc') return createOidcVerifier(options);
  // its code is loaded only where it is used
  return (await import('@medshare/identity/keycloak.driver')).createKeycloakVerifier(options);
}

/** A bus; one that keeps its events itself can also forget what every group has done before an instant, ms. */
export type OpenedBus = Bus & { removeBefore?(instant: number): Promise<number> };

type BusConfig = Pick<Config, 'bus' | 'kafka' | 'institution' | 'identity'>;

const topics = Object.keys(catalogue);

/** Its code is loaded only where it is the bus. */
const kafka = async () => ({
  ...(await import('@medshare/bus/kafka.driver')),
  ...(await import('./run/kafka-settings.js')),
});

export async function openBus(
  config: BusConfig & Pick<Config, 'database'>,
  { listener, onTrouble }: { listener: Listener; onTrouble: (found: Problem) => void },
): Promise<OpenedBus> {
  const { bus, database } = config;
  if (/^postgres(ql)?:/.test(bus))
    return openPostgresLog({ url: urlOf(config, 'bus'), concurrency: database.pools.bus - 2, listener });
  if (!bus.startsWith('kafka:')) throw unknownScheme('bus', bus);
  const { openKafka, kafkaSettings, topicSettings } = await kafka();
  return openKafka({ ...kafkaSettings(config), topics, durable: topicSettings(config), onTrouble });
}

/** Makes what a bus needs before it is opened. @returns what was done, a line each */
export async function migrateBus(config: BusConfig): Promise<string[]> {
  if (!config.bus.startsWith('kafka:')) return [];
  const { migrateKafka, kafkaSettings, topicSettings } = await kafka();
  return migrateKafka({ ...kafkaSettings(config), topics }, topicSettings(config));
}

/**
 * A blob that is not here comes from the member that has it; whatever comes must have the address that was asked for.
 * Without peers only what is here counts.
 */
export async function openBlobs(
  config: BlobConfig & Pick<Config, 'institution'>,
  { members }: Region,
  peers: Peers | undefined,
): Promise<Blobs> {
  const { blobs, institution } = config;
  const others = members.map(({ id }) => id).filter((id) => id !== institution);
  const fetching = peers ? { fetchMissing: (cid: string) => fetchFromMembers(peers, others, cid) } : {};
  if (blobs.startsWith('file:')) return openFiles(config, fetching);
  if (blobs.startsWith('ipfs:')) return openIpfs(config, fetching);
  if (blobs.startsWith('s3:')) return openBucket(config, fetching);
  throw unknownScheme('blobs', blobs);
}

async function* fetchFromMembers(peers: Peers, members: string[], cid: string): AsyncGenerator<Uint8Array> {
  let failure: unknown;
  for (const member of members) {
    let begun = false;
    try {
      for await (const piece of peers.stream(member, `/peer/vault/blobs/${cid}`)) {
        begun = true;
        yield piece;
      }
      return;
    } catch (caught) {
      if (begun) throw caught;
      if (!isProblem(caught) || caught.code !== 'blob.missing') failure = caught;
    }
  }
  throw failure ?? problem('blob.missing', { where: cid });
}

/** The chain; on the embedded one the institution is a member too, and answers the others. */
export interface OpenedLedger {
  ledger: Ledger;
  member?: Member;
}

interface LedgerParts {
  region: Region;
  peers: Peers;
  privateKey: Uint8Array;
  onFinding: OnFinding;
  /** Told when the chain cannot be reached. */
  onTrouble: (found: Problem) => void;
  /** Told when exchanged certificates were taken up. */
  onRenewed: () => void;
  /** False for who only checks the copy. */
  follow: boolean;
  onWait: () => void;
  onLost: () => void;
  /** Aborted when this process is to end, which may be before the chain could be opened. */
  stop: AbortSignal | undefined;
}

type LedgerConfig = Pick<Config, 'ledger' | 'fabric' | 'database' | 'institution' | 'limits'>;

/** All code that the chaincode runs, by its hash. */
export const chaincodeBundle = () => readBundle(import.meta.resolve('@medshare/chaincode-region'));

/** Waits of a pull for the next block, ms: shorter than a peer call may take. */
const pollMs = 4000;

export async function openLedger(config: LedgerConfig, parts: LedgerParts): Promise<OpenedLedger> {
  const { ledger, database, institution, limits } = config;
  const { region, peers, privateKey, onFinding, follow } = parts;
  const common = { institution, region, privateKey, onFinding, follow, url: urlOf({ database }, 'chain') };
  const { chain: connections } = database.pools;
  if (ledger.startsWith('fabric:')) return openFabric(config, parts, { ...common, connections });
  if (!ledger.startsWith('embedded:')) throw unknownScheme('ledger', ledger);
  return openEmbeddedLedger({
    ...common,
    connections,
    transport: transportOver(peers, region),
    sources: chaincodeBundle().sources,
    settings: { pollMs: Math.min(pollMs, limits.callTimeout / 2) },
    onWait: parts.onWait,
    onLost: parts.onLost,
    stop: parts.stop,
  });
}

/** Its code is loaded only where it is the ledger. */
async function openFabric(
  config: LedgerConfig,
  { region, onTrouble, onRenewed }: LedgerParts,
  options: Omit<Parameters<typeof import('@medshare/ledger/fabric.driver').openFabricLedger>[0], 'access'>,
): Promise<OpenedLedger> {
  const [{ openFabricLedger }, { fabricAccess }] = await Promise.all([
    import('@medshare/ledger/fabric.driver'),
    import('./run/fabric-access.js'),
  ]);
  const readAccess = () => fabricAccess(config, region);
  const access = readAccess();
  return { ledger: await openFabricLedger({ ...options, onTrouble, onRenewed, access, readAccess }) };
}

const transportOver = (peers: Peers, { members }: Region): Transport => ({
  endorse: (institution, proposal) => peers.call(endorseRoute, institution, proposal),
  order: (transaction) => peers.call(orderRoute, members[0]?.id ?? '', transaction),
  blocks: (institution, request) => peers.call(blocksRoute, institution, request),
});
