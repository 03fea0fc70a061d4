import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { tool } from '../install.js';
import type { Stack } from '../stack.js';
import { fabricBinaries } from './binaries.js';
import { channelSettings } from './channel-settings.js';
import { makeMaterial } from './identities.js';
import { systemBlock } from './orderer-settings.js';
import { channel, mspIdOf, networkFolder, organisations, systemChannel, type Organisation } from './organisations.js';

const founding = new Map<string, Promise<void>>();
const releaseFile = (stack: Stack): string => join(networkFolder(stack), 'release');

/** With a modern release the channel's first block; else the request by which it is made. */
export const channelFile = (stack: Stack): string => join(networkFolder(stack), `${channel}.first`);
export const anchorsFile = (stack: Stack, organisation: Organisation): string =>
  join(networkFolder(stack), `anchors-${organisation}.request`);

/** Certificates, first blocks, and which release the network was founded on; once, whoever asks first. */
export function foundNetwork(stack: Stack): Promise<void> {
  const folder = networkFolder(stack);
  const known = founding.get(folder) ?? found(stack);
  founding.set(folder, known);
  return known;
}

async function found(stack: Stack): Promise<void> {
  const { release, modern } = fabricBinaries();
  const kept = await readFile(releaseFile(stack), 'utf8').catch(() => undefined);
  if (kept !== undefined) return checkRelease(kept, release);
  await mkdir(networkFolder(stack), { recursive: true, mode: 0o700 });
  await makeMaterial(stack);
  const settings = join(networkFolder(stack), 'configtx.yaml');
  await writeFile(settings, stringify(channelSettings(stack, modern), { aliasDuplicateObjects: false }));
  if (modern) await configtxgen(stack, 'Channel', channel, ['-outputBlock'], channelFile(stack));
  else await makeRequests(stack);
  await writeFile(releaseFile(stack), release);
}

async function makeRequests(stack: Stack): Promise<void> {
  await configtxgen(stack, 'Orderers', systemChannel, ['-outputBlock'], systemBlock(stack));
  await configtxgen(stack, 'Channel', channel, ['-outputCreateChannelTx'], channelFile(stack));
  for (const each of organisations) {
    const kind = ['-asOrg', mspIdOf(each), '-outputAnchorPeersUpdate'];
    await configtxgen(stack, 'Channel', channel, kind, anchorsFile(stack, each));
  }
}

async function configtxgen(
  stack: Stack,
  profile: string,
  channelId: string,
  output: readonly string[],
  file: string,
): Promise<void> {
  const env = { FABRIC_CFG_PATH: networkFolder(stack) };
  const args = ['-profile', profile, '-channelID', channelId, ...output, `${file}.new`];
  await tool(fabricBinaries().program('configtxgen', stack.places), args, { env });
  await rename(`${file}.new`, file);
}

/** What one release wrote another may not read: 2.1 has a system channel, 2.5 cannot have one. */
function checkRelease(kept: string, release: string): void {
  const line = (version: string) => version.split('.').slice(0, 2).join('.');
  if (line(kept) !== line(release))
    throw new Error(
      `the network was founded on Fabric ${kept}, this is ${release}: use another --state, or down --wipe`,
    );
}

export const isFounded = (stack: Stack): Promise<boolean> =>
  stat(releaseFile(stack)).then(
    () => true,
    () => false,
  );
