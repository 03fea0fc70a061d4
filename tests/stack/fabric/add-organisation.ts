import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { tool } from '../install.js';
import type { Stack } from '../stack.js';
import { fabricBinaries } from './binaries.js';
import { memberOf } from './channel-settings.js';
import { makeMaterial } from './identities.js';
import { mspIdOf, networkFolder, portsOf, type Joined } from './organisations.js';
import { updateChannel, type Group } from './update-channel.js';

/** Another organisation in a channel that runs: its definition into the channel's configuration. */
export async function addOrganisation(stack: Stack, joining: Joined): Promise<void> {
  await makeMaterial(stack, [joining]);
  const definition = await definitionOf(stack, joining);
  await updateChannel(stack, {
    name: `add-${joining}`,
    change: (config) => void (config.channel_group.groups.Application!.groups[mspIdOf(joining)] = definition),
  });
}

/** Made by the organisation itself; the anchor is how other organisations' peers find its own. */
async function definitionOf(stack: Stack, joining: Joined): Promise<Group> {
  const folder = join(networkFolder(stack), `definition-${joining}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
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
