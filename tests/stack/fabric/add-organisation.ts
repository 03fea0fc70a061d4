import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { tool } from '../install.js';
import type { Stack } from '../stack.js';
import { fabricBinaries } from './binaries.js';
import { memberOf } from './channel-settings.js';
import { makeMaterial, materialOf } from './identities.js';
import { at, channel, mspIdOf, networkFolder, organisations, portsOf, type Joined } from './organisations.js';
import { peerAsAdmin } from './peer-program.js';

interface Config {
  channel_group: { groups: { Application: { groups: Record<string, Group> } } };
}
interface Group {
  values: Record<string, object>;
}

/**
 * Another organisation in a channel that runs, with Fabric's own programs, as docs/operate-fabric.md says: its definition into the channel's
 * configuration, by an update that most administrators sign.
 */
export async function addOrganisation(stack: Stack, joining: Joined): Promise<void> {
  await makeMaterial(stack, [joining]);
  const folder = join(networkFolder(stack), `add-${joining}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = (name: string) => join(folder, name);
  const [first, ...others] = organisations;
  const [last, ...between] = others.reverse();
  const orderer = [
    ...['-c', channel, '-o', at(portsOf(stack, first!).orderer.clients)],
    ...['--tls', '--cafile', materialOf(stack, first!).tlsAuthority],
  ];
  await peerAsAdmin(stack, first!, ['channel', 'fetch', 'config', file('block.pb'), ...orderer]);

  const lator = (...args: string[]) => tool(fabricBinaries().program('configtxlator', stack.places), args);
  const decode = async (name: string, type: string): Promise<unknown> => {
    await lator('proto_decode', '--type', type, '--input', file(name), '--output', file(`${name}.json`));
    return JSON.parse(await readFile(file(`${name}.json`), 'utf8'));
  };
  const encode = async (value: unknown, type: string, name: string): Promise<void> => {
    await writeFile(file(`${name}.json`), JSON.stringify(value));
    await lator('proto_encode', '--type', type, '--input', file(`${name}.json`), '--output', file(name));
  };
  const block = (await decode('block.pb', 'common.Block')) as {
    data: { data: { payload: { data: { config: Config } } }[] };
  };
  const { config } = block.data.data[0]!.payload.data;
  await encode(config, 'common.Config', 'present.pb');
  config.channel_group.groups.Application.groups[mspIdOf(joining)] = await definitionOf(stack, joining, folder);
  await encode(config, 'common.Config', 'wanted.pb');
  await lator(
    ...['compute_update', '--channel_id', channel],
    ...['--original', file('present.pb'), '--updated', file('wanted.pb'), '--output', file('update.pb')],
  );
  const header = { channel_header: { channel_id: channel, type: 2 } };
  const update = await decode('update.pb', 'common.ConfigUpdate');
  const envelope = { payload: { header, data: { config_update: update } } };
  await encode(envelope, 'common.Envelope', 'envelope.pb');
  for (const each of between) await peerAsAdmin(stack, each, ['channel', 'signconfigtx', '-f', file('envelope.pb')]);
  await peerAsAdmin(stack, last!, ['channel', 'update', '-f', file('envelope.pb'), ...orderer]);
}

/** Made by the organisation itself; the anchor is how other organisations' peers find its own. */
async function definitionOf(stack: Stack, joining: Joined, folder: string): Promise<Group> {
  const settings = { Organizations: [memberOf(stack, joining)] };
  await writeFile(join(folder, 'configtx.yaml'), stringify(settings, { aliasDuplicateObjects: false }));
  const printed = join(folder, 'definition.json');
  const program = fabricBinaries().program('configtxgen', stack.places);
  await writeFile(printed, await tool(program, ['-printOrg', mspIdOf(joining)], { env: { FABRIC_CFG_PATH: folder } }));
  const group = JSON.parse(await readFile(printed, 'utf8')) as Group;
  const { port, host } = { host: '127.0.0.1', port: portsOf(stack, joining).peer.clients };
  const anchors = { mod_policy: 'Admins', value: { anchor_peers: [{ host, port }] }, version: '0' };
  return { ...group, values: { ...group.values, AnchorPeers: anchors } };
}
