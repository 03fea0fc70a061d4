import { chmod, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { get } from '../get.js';
import { folderOf, tool } from '../install.js';
import { buildModule } from '../packages/go.js';
import { writePrivate } from '../secrets.js';
import type { Launch, Package, StackServer } from '../server.js';
import type { Stack } from '../stack.js';

const kuboPackage: Package = {
  name: 'kubo',
  version: '0.43.0',
  install: (folder) => buildModule(`github.com/ipfs/kubo@v${kuboPackage.version}`, './cmd/ipfs', join(folder, 'ipfs')),
};

export const kuboNodes = [1, 2] as const;
/** Who may use the nodes' API, and which secret is the password (basic authentication). */
export const kuboUser = { user: 'medshare', secret: 'kubo-medshare' };
const repository = ({ places }: Stack, node: number): string => join(places.state, `kubo-${node}`);

/** One of two nodes of a private swarm: who lacks its key reaches neither (LIBP2P_FORCE_PNET), and nothing goes to the public network. */
export function kubo(stack: Stack, node: (typeof kuboNodes)[number]): StackServer {
  const ports = stack.ports.kubo(node);
  return {
    name: `kubo-${node}`,
    version: kuboPackage.version,
    package: kuboPackage,
    after: [],
    ports,
    patience: 60_000,
    prepare: () => prepare(stack, node),
    async whyNot() {
      const credentials = Buffer.from(`${kuboUser.user}:${await stack.secrets.get(kuboUser.secret)}`).toString(
        'base64',
      );
      const asked = { method: 'POST', patience: 5_000, headers: { authorization: `Basic ${credentials}` } };
      const answer = await get(`http://127.0.0.1:${ports.api}/api/v0/id`, undefined, asked).catch(
        (caught: unknown) => caught as Error,
      );
      if (answer instanceof Error) return answer.message;
      return answer.status === 200 ? undefined : `/api/v0/id answers ${answer.status}`;
    },
  };
}

const program = ({ places }: Stack): string => join(folderOf(places.cache, kuboPackage), 'ipfs');
const initialising = new Map<string, Promise<string>>();

async function prepare(stack: Stack, node: number): Promise<Launch> {
  const folder = repository(stack, node);
  const ids = await Promise.all(kuboNodes.map((each) => initialise(stack, each)));
  const peers = kuboNodes.flatMap((each, at) =>
    each === node ? [] : [{ ID: ids[at], Addrs: [`/ip4/127.0.0.1/tcp/${stack.ports.kubo(each).swarm}`] }],
  );
  const path = join(folder, 'config');
  const config = JSON.parse(await readFile(path, 'utf8')) as Record<string, object>;
  await writePrivate(
    path,
    JSON.stringify({ ...config, ...(await settings(stack, node, config)), Peering: { Peers: peers } }, null, 2),
  );
  return {
    command: program(stack),
    args: ['daemon'],
    env: { IPFS_PATH: folder, LIBP2P_FORCE_PNET: '1', IPFS_TELEMETRY: 'off' },
  };
}

/** @returns the node's id */
function initialise(stack: Stack, node: number): Promise<string> {
  const folder = repository(stack, node);
  const known = initialising.get(folder) ?? initialiseOnce(stack, folder);
  initialising.set(folder, known);
  return known;
}

async function initialiseOnce(stack: Stack, folder: string): Promise<string> {
  const config = join(folder, 'config');
  if (!(await readFile(config).catch(() => undefined))) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await tool(program(stack), ['init', '--empty-repo', '--profile=test'], { env: { IPFS_PATH: folder } });
    await chmod(config, 0o600);
  }
  // 32 bytes in hex (libp2p's pre-shared keys, version 1)
  const key = await stack.secrets.get('kubo-swarm', 32);
  await writePrivate(join(folder, 'swarm.key'), `/key/swarm/psk/1.0.0/\n/base16/\n${key}\n`);
  const { Identity } = JSON.parse(await readFile(config, 'utf8')) as { Identity: { PeerID: string } };
  return Identity.PeerID;
}

/** What differs from the defaults: on the loopback, alone with its peer, its API behind a password. */
async function settings(stack: Stack, node: number, config: Record<string, object>): Promise<Record<string, unknown>> {
  const { api, swarm } = stack.ports.kubo(node);
  const AuthSecret = `basic:${kuboUser.user}:${await stack.secrets.get(kuboUser.secret)}`;
  return {
    Addresses: {
      ...config['Addresses'],
      API: `/ip4/127.0.0.1/tcp/${api}`,
      Gateway: [],
      Swarm: [`/ip4/127.0.0.1/tcp/${swarm}`],
    },
    API: {
      HTTPHeaders: {},
      Authorizations: { [kuboUser.user]: { AuthSecret, AllowedPaths: ['/api/v0', '/debug/metrics'] } },
    },
    Bootstrap: [],
    Routing: { Type: 'none', DelegatedRouters: [] },
    Ipns: { DelegatedPublishers: [] },
    DNS: { Resolvers: {} },
    Discovery: { MDNS: { Enabled: false } },
    AutoTLS: { Enabled: false },
    AutoConf: { Enabled: false },
    Swarm: {
      ...config['Swarm'],
      Transports: { Network: { TCP: true, QUIC: false, WebTransport: false, WebRTCDirect: false, Websocket: false } },
    },
  };
}
