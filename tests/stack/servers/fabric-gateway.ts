import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fabricBinaries } from '../fabric/binaries.js';
import { foundNetwork } from '../fabric/found-network.js';
import { materialOf } from '../fabric/identities.js';
import { at, mspIdOf, networkFolder, portsOf, type Joined } from '../fabric/organisations.js';
import { whyNoGrpc } from '../fabric/probe.js';
import type { GatewayFile } from '../gateway/run-gateway.js';
import type { Launch, StackServer } from '../server.js';
import type { Stack } from '../stack.js';
import { peerName } from './fabric-peer.js';

const root = resolve(import.meta.dirname, '../../..');

/** The tests' stand-in for the Gateway service, where the peers have none. */
export function fabricGateway(stack: Stack, organisation: Joined): StackServer {
  const { gateway } = portsOf(stack, organisation);
  return {
    name: `fabric-gateway-${organisation}`,
    version: `stand-in for ${fabricBinaries().release}`,
    after: [peerName(organisation)],
    ports: { clients: gateway },
    patience: 60_000,
    prepare: () => prepare(stack, organisation),
    whyNot: () => whyNoGrpc(gateway, materialOf(stack, organisation).tlsAuthority),
  };
}

async function prepare(stack: Stack, organisation: Joined): Promise<Launch> {
  await foundNetwork(stack);
  const material = materialOf(stack, organisation);
  const { peer, gateway } = portsOf(stack, organisation);
  const folder = join(networkFolder(stack), `gateway-${organisation}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file: GatewayFile = {
    listen: at(gateway),
    mspId: mspIdOf(organisation),
    // as a part of the peer would: it reads, and never writes
    identity: material.identity('peer'),
    tls: material.tls('gateway'),
    peer: { address: at(peer.clients), tlsAuthority: material.tlsAuthority },
  };
  const settings = join(folder, 'settings.json');
  await writeFile(settings, JSON.stringify(file, null, 2));
  const loader = pathToFileURL(join(root, 'libs/testkit/loader/register.mjs')).href;
  return {
    command: process.execPath,
    args: ['--import', loader, join(root, 'tests/stack/gateway/run-gateway.ts'), settings],
  };
}
