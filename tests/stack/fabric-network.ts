import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePortBase } from '../harness/demo.js';
import { bringUp } from './bring-up.js';
import { readDescription } from './describe-stack.js';
import { fabricBinaries } from './fabric/binaries.js';
import type { FabricDescription } from './fabric/describe-fabric.js';
import { materialOf } from './fabric/identities.js';
import { at, channel, organisations, portsOf, type Organisation } from './fabric/organisations.js';
import { peerAsAdmin } from './fabric/peer-program.js';
import { get } from './get.js';
import { tool } from './install.js';
import { defaultCache, type Places } from './places.js';
import { serversOf } from './servers.js';
import { openStack, type Stack } from './stack.js';
import { Supervisor } from './supervise.js';

export interface FabricNetwork {
  readonly stack: Stack;
  readonly description: FabricDescription;
  /** SIGKILL by a server's name, as in `process` of the description; resolves when it is gone */
  kill(name: string): Promise<void>;
  /** SIGTERM, and waits */
  end(name: string): Promise<void>;
  start(name: string): Promise<void>;
  /** process ids of the servers, by their names */
  pids(): Promise<Readonly<Record<string, number>>>;
  /** the orderer that leads now */
  leader(): Promise<Organisation | undefined>;
  /** whether the one that leads hears from all orderers */
  allOrder(): Promise<boolean>;
  /** Ends all. @param keep the logs */
  stop(keep?: boolean): Promise<void>;
}

/** A network of its own for one spec, which kills its servers: an empty folder, ports of its own. */
export async function startFabric(given: Pick<Places, 'batchTimeout'> = {}): Promise<FabricNetwork> {
  const state = await mkdtemp(join(tmpdir(), 'medshare-fabric-'));
  const stack = openStack({ state, cache: defaultCache(process.env), basePort: await freePortBase(), ...given });
  const servers = serversOf(stack, ['fabric']);
  const supervisor = new Supervisor(state);
  const said: string[] = [];
  const stop = async (keep = false) => {
    await Promise.all(servers.map((server) => supervisor.stop(server)));
    if (!keep) await rm(state, { recursive: true, force: true });
  };
  await bringUp(stack, servers, (line) => said.push(line)).catch(async (caught: unknown) => {
    await stop(true);
    throw caught;
  });
  const handle = await handleOf(stack).catch((caught: unknown) => {
    throw new Error(said.join('\n'), { cause: caught });
  });
  return { ...handle, stop };
}

/** The network of a stack that runs already: whoever ends a server of it starts it again. */
export async function runningFabric(state: string): Promise<Omit<FabricNetwork, 'stop'>> {
  const described = await readDescription(state);
  if (!described) throw new Error(`no stack is up in ${state}`);
  return handleOf(openStack({ state, cache: defaultCache(process.env), basePort: described.basePort }));
}

async function handleOf(stack: Stack): Promise<Omit<FabricNetwork, 'stop'>> {
  const { state } = stack.places;
  const servers = serversOf(stack, ['fabric']);
  const supervisor = new Supervisor(state);
  const named = (name: string) => {
    const server = servers.find((each) => each.name === name);
    if (!server) throw new Error(`no server ${name}`);
    return server;
  };
  const description = (await readDescription(state))?.fabric;
  if (!description) throw new Error('the network does not describe itself');
  return {
    stack,
    description,
    kill: async (name) => void (await supervisor.stop({ ...named(name), stopSignal: 'SIGKILL' })),
    end: async (name) => void (await supervisor.stop(named(name))),
    start: async (name) => void (await supervisor.start(named(name))),
    async pids() {
      const found = servers.map(async ({ name }) => [name, await supervisor.pidOf(name)] as const);
      return Object.fromEntries(
        (await Promise.all(found)).filter((one): one is [string, number] => one[1] !== undefined),
      );
    },
    leader: async () => (await leading(stack))?.organisation,
    async allOrder() {
      const active = `consensus_etcdraft_active_nodes{channel="${channel}"} ${organisations.length}\n`;
      return (await leading(stack))?.metrics.includes(active) ?? false;
    },
  };
}

/** The orderer that leads the channel, and its metrics. */
async function leading(stack: Stack): Promise<{ organisation: Organisation; metrics: string } | undefined> {
  for (const organisation of organisations) {
    const url = `http://${at(portsOf(stack, organisation).orderer.operations)}/metrics`;
    const metrics = await get(url).then(
      ({ body }) => body,
      () => '',
    );
    if (metrics.includes(`consensus_etcdraft_is_leader{channel="${channel}"} 1`)) return { organisation, metrics };
  }
  return undefined;
}

/** What a peer is given of a chaincode that it connects to. */
interface Wanted {
  readonly name: string;
  /** signature policy; without one, the channel's: most organisations */
  readonly policy?: string;
}

/** Installs, approves and commits a chaincode as a service at each organisation. @returns each one's package id */
export async function defineChaincode(
  { stack, description }: FabricNetwork,
  { name, policy }: Wanted,
): Promise<Record<Organisation, string>> {
  const ids = await Promise.all(
    organisations.map(async (each) => [each, await install(stack, description, each, name)]),
  );
  const definition = ['--channelID', channel, '--name', name, '--version', '1', '--sequence', '1'];
  if (policy !== undefined) definition.push('--signature-policy', policy);
  const lifecycle = (organisation: Organisation, verb: string, ...more: string[]) => {
    const orderer = ['-o', at(portsOf(stack, organisation).orderer.clients)];
    const tls = ['--tls', '--cafile', materialOf(stack, organisation).tlsAuthority];
    return peerAsAdmin(stack, organisation, [
      'lifecycle',
      'chaincode',
      verb,
      ...orderer,
      ...tls,
      ...definition,
      ...more,
    ]);
  };
  for (const [organisation, id] of ids)
    await lifecycle(organisation as Organisation, 'approveformyorg', '--package-id', id ?? '');
  const peers = organisations.flatMap((each) => [
    ...['--peerAddresses', at(portsOf(stack, each).peer.clients)],
    ...['--tlsRootCertFiles', materialOf(stack, each).tlsAuthority],
  ]);
  await lifecycle('harbor', 'commit', ...peers);
  return Object.fromEntries(ids) as Record<Organisation, string>;
}

async function install(
  stack: Stack,
  { organisations: described }: FabricDescription,
  organisation: Organisation,
  label: string,
): Promise<string> {
  const { addresses, authority, peerCertificate, peerKey } = described[organisation].chaincode;
  const folder = join(stack.places.state, 'packages', `${label}-${organisation}`);
  await mkdir(folder, { recursive: true });
  const text = (file: string) => readFile(file, 'utf8');
  const connection = {
    address: addresses[0],
    dial_timeout: '10s',
    tls_required: true,
    client_auth_required: true,
    client_key: await text(peerKey),
    client_cert: await text(peerCertificate),
    root_cert: await text(authority),
  };
  await writeFile(join(folder, 'connection.json'), JSON.stringify(connection), { mode: 0o600 });
  await writeFile(join(folder, 'metadata.json'), JSON.stringify({ type: 'ccaas', label, path: '' }));
  await tool('tar', ['-czf', 'code.tar.gz', 'connection.json'], { cwd: folder });
  await tool('tar', ['-czf', 'package.tgz', 'code.tar.gz', 'metadata.json'], { cwd: folder });
  await peerAsAdmin(stack, organisation, ['lifecycle', 'chaincode', 'install', join(folder, 'package.tgz')]);
  const hash = createHash('sha256').update(await readFile(join(folder, 'package.tgz')));
  return `${label}:${hash.digest('hex')}`;
}

/** What runs, for a test's name and for what is noted of it. */
export const runningRelease = (): string => {
  const { release, origin, modern } = fabricBinaries();
  return `Fabric ${release} (${origin}), ${modern ? 'its own Gateway' : 'the Gateway stand-in'}`;
};

export const isModern = (): boolean => fabricBinaries().modern;
