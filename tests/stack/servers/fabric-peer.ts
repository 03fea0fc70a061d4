import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { fabricBinaries } from '../fabric/binaries.js';
import { foundNetwork } from '../fabric/found-network.js';
import { materialOf } from '../fabric/identities.js';
import { joinPeer } from '../fabric/make-channel.js';
import { at, organisations, portsOf, type Joined } from '../fabric/organisations.js';
import { peerFolder } from '../fabric/peer-program.js';
import { peerSettings } from '../fabric/peer-settings.js';
import { whyNoGrpc } from '../fabric/probe.js';
import { whyNot200 } from '../get.js';
import type { Launch, StackServer } from '../server.js';
import type { Stack } from '../stack.js';
import { ordererName } from './fabric-orderer.js';

export const peerName = (organisation: Joined): string => `fabric-peer-${organisation}`;

/** An organisation's peer, in the channel. */
export function fabricPeer(stack: Stack, organisation: Joined): StackServer {
  const binaries = fabricBinaries();
  const { peer } = portsOf(stack, organisation);
  return {
    name: peerName(organisation),
    version: binaries.release,
    ...(binaries.package && { package: binaries.package }),
    after: organisations.map(ordererName),
    ports: peer,
    patience: 120_000,
    prepare: () => prepare(stack, organisation),
    // its health is told before it takes clients
    whyNot: async () =>
      (await whyNot200(`http://${at(peer.operations)}/healthz`)) ??
      (await whyNoGrpc(peer.clients, materialOf(stack, organisation).tlsAuthority)),
    furnish: () => joinPeer(stack, organisation),
  };
}

async function prepare(stack: Stack, organisation: Joined): Promise<Launch> {
  await foundNetwork(stack);
  const folder = peerFolder(stack, organisation);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const settings = peerSettings(stack, organisation, join(folder, 'data'));
  await writeFile(join(folder, 'core.yaml'), stringify(settings, { aliasDuplicateObjects: false }));
  return {
    command: fabricBinaries().program('peer', stack.places),
    args: ['node', 'start'],
    env: { FABRIC_CFG_PATH: folder, FABRIC_LOGGING_SPEC: 'info' },
  };
}
