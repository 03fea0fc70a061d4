import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { fabricBinaries } from '../fabric/binaries.js';
import { foundNetwork } from '../fabric/found-network.js';
import { materialOf } from '../fabric/identities.js';
import { joinOrderer } from '../fabric/make-channel.js';
import { ordererSettings } from '../fabric/orderer-settings.js';
import { at, networkFolder, portsOf, type Organisation } from '../fabric/organisations.js';
import { whyNoGrpc, whyNoListener } from '../fabric/probe.js';
import { whyNot200 } from '../get.js';
import type { Launch, StackServer } from '../server.js';
import type { Stack } from '../stack.js';

export const ordererName = (organisation: Organisation): string => `fabric-orderer-${organisation}`;

/** One of three orderers (raft): most of them must run for the channel to go on. */
export function fabricOrderer(stack: Stack, organisation: Organisation): StackServer {
  const binaries = fabricBinaries();
  const { clients, administration, operations } = portsOf(stack, organisation).orderer;
  return {
    name: ordererName(organisation),
    version: binaries.release,
    ...(binaries.package && { package: binaries.package }),
    after: [],
    ports: { clients, operations, ...(binaries.modern && { administration }) },
    patience: 120_000,
    prepare: () => prepare(stack, organisation),
    // its health is told before it takes clients
    whyNot: async () =>
      (await whyNot200(`http://${at(operations)}/healthz`)) ??
      (await whyNoGrpc(clients, materialOf(stack, organisation).tlsAuthority)) ??
      (binaries.modern ? await whyNoListener(administration) : undefined),
    ...(binaries.modern && { furnish: () => joinOrderer(stack, organisation) }),
  };
}

async function prepare(stack: Stack, organisation: Organisation): Promise<Launch> {
  const { program, modern } = fabricBinaries();
  await foundNetwork(stack);
  const folder = join(networkFolder(stack), `orderer-${organisation}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const settings = ordererSettings(stack, organisation, join(folder, 'data'), modern);
  await writeFile(join(folder, 'orderer.yaml'), stringify(settings, { aliasDuplicateObjects: false }));
  return {
    command: program('orderer', stack.places),
    args: [],
    env: { FABRIC_CFG_PATH: folder, FABRIC_LOGGING_SPEC: 'info' },
  };
}
