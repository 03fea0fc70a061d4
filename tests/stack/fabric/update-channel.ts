import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tool } from '../install.js';
import type { Stack } from '../stack.js';
import { fabricBinaries } from './binaries.js';
import { materialOf } from './identities.js';
import { at, channel, networkFolder, organisations, portsOf } from './organisations.js';
import { peerAsAdmin, untilLed } from './peer-program.js';

/** A channel's configuration, as `configtxlator` writes it; what is PEM there is base64 of it. */
export interface ChannelConfig {
  readonly channel_group: {
    readonly groups: {
      /** the orderers' own channel has consortiums instead */
      readonly Application?: { readonly groups: Record<string, Group> };
      readonly Consortiums?: { readonly groups: Readonly<Record<string, { readonly groups: Record<string, Group> }>> };
      readonly Orderer: {
        readonly groups: Record<string, Group>;
        readonly values: { readonly ConsensusType: { readonly value: { readonly metadata: Raft } } };
      };
    };
  };
}

export interface Group {
  readonly values: {
    readonly MSP: { readonly value: { readonly config: MspConfig } };
    AnchorPeers?: object;
  };
}

export interface MspConfig {
  root_certs: string[];
  tls_root_certs: string[];
  /** how kinds of identities are told apart: `enable`, and a unit for each kind */
  readonly fabric_node_ous: Readonly<Record<string, boolean | { certificate?: string }>>;
}

interface Raft {
  readonly consenters: readonly {
    readonly host: string;
    readonly port: number;
    client_tls_cert: string;
    server_tls_cert: string;
  }[];
}

export interface Update {
  /** of a folder that keeps its files */
  readonly name: string;
  readonly channel?: string;
  /** Alters the configuration in effect. */
  change(config: ChannelConfig): void;
}

/** A channel's configuration updated with Fabric's own programs, signed by most administrators (two of the three who founded it), as docs/operate-fabric.md says. */
export async function updateChannel(stack: Stack, { name, channel: of = channel, change }: Update): Promise<void> {
  const folder = join(networkFolder(stack), `${name}-${of}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = (part: string) => join(folder, part);
  const [first, second] = organisations;
  const orderer = [
    ...['-c', of, '-o', at(portsOf(stack, first!).orderer.clients)],
    ...['--tls', '--cafile', materialOf(stack, first!).tlsAuthority],
  ];
  await untilLed(() => peerAsAdmin(stack, first!, ['channel', 'fetch', 'config', file('block.pb'), ...orderer]));

  const lator = (...args: string[]) => tool(fabricBinaries().program('configtxlator', stack.places), args);
  const decode = async (part: string, type: string): Promise<unknown> => {
    await lator('proto_decode', '--type', type, '--input', file(part), '--output', file(`${part}.json`));
    return JSON.parse(await readFile(file(`${part}.json`), 'utf8'));
  };
  const encode = async (value: unknown, type: string, part: string): Promise<void> => {
    await writeFile(file(`${part}.json`), JSON.stringify(value));
    await lator('proto_encode', '--type', type, '--input', file(`${part}.json`), '--output', file(part));
  };
  const block = (await decode('block.pb', 'common.Block')) as {
    data: { data: { payload: { data: { config: ChannelConfig } } }[] };
  };
  const { config } = block.data.data[0]!.payload.data;
  await encode(config, 'common.Config', 'present.pb');
  change(config);
  await encode(config, 'common.Config', 'wanted.pb');
  await lator(
    ...['compute_update', '--channel_id', of],
    ...['--original', file('present.pb'), '--updated', file('wanted.pb'), '--output', file('update.pb')],
  );
  const header = { channel_header: { channel_id: of, type: 2 } };
  const update = await decode('update.pb', 'common.ConfigUpdate');
  await encode({ payload: { header, data: { config_update: update } } }, 'common.Envelope', 'envelope.pb');
  const sign = ['channel', 'signconfigtx', '-f', file('envelope.pb')];
  await peerAsAdmin(stack, second!, sign);
  // whoever sends it signs by that
  await untilLed(() => peerAsAdmin(stack, first!, ['channel', 'update', '-f', file('envelope.pb'), ...orderer]));
}
