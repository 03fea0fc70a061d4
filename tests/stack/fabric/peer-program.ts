import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tool } from '../install.js';
import type { Stack } from '../stack.js';
import { fabricBinaries } from './binaries.js';
import { materialOf } from './identities.js';
import { at, mspIdOf, networkFolder, portsOf, type Joined } from './organisations.js';

const patienceMs = 60_000;
const stepMs = 500;

/** Holds a peer's core.yaml, and its data in `data`. */
export const peerFolder = (stack: Stack, organisation: Joined): string =>
  join(networkFolder(stack), `peer-${organisation}`);

/** Runs the program `peer` as an organisation's administrator against its peer. @returns what it wrote */
export function peerAsAdmin(stack: Stack, organisation: Joined, args: readonly string[]): Promise<string> {
  const material = materialOf(stack, organisation);
  const env = {
    FABRIC_CFG_PATH: peerFolder(stack, organisation),
    FABRIC_LOGGING_SPEC: 'warn',
    CORE_PEER_ADDRESS: at(portsOf(stack, organisation).peer.clients),
    CORE_PEER_LOCALMSPID: mspIdOf(organisation),
    CORE_PEER_MSPCONFIGPATH: material.mspOf('admin'),
    CORE_PEER_TLS_ROOTCERT_FILE: material.tlsAuthority,
  };
  return tool(fabricBinaries().program('peer', stack.places), args, { env });
}

/** Orderers that have just started have no leader yet, or have not heard of the others, and say so. */
export async function untilLed<T>(attempt: () => Promise<T>): Promise<T> {
  for (const until = Date.now() + patienceMs; ;) {
    try {
      return await attempt();
    } catch (caught) {
      if (!/SERVICE_UNAVAILABLE|no Raft leader|nodes are alive/.test((caught as Error).message) || Date.now() > until)
        throw caught;
      await sleep(stepMs);
    }
  }
}
