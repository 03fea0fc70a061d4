import { rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { tool } from '../install.js';
import type { Stack } from '../stack.js';
import { fabricBinaries } from './binaries.js';
import { anchorsFile, channelFile } from './found-network.js';
import { materialOf } from './identities.js';
import { at, channel, networkFolder, organisations, portsOf, type Joined, type Organisation } from './organisations.js';
import { peerAsAdmin, untilLed } from './peer-program.js';

const making = new Map<string, Promise<string>>();

/** Has an orderer of a modern release take part in the channel. Idempotent. */
export async function joinOrderer(stack: Stack, organisation: Organisation): Promise<void> {
  const { certificate, key } = materialOf(stack, organisation).tls('orderer');
  const admin = at(portsOf(stack, organisation).orderer.administration);
  const authority = materialOf(stack, organisation).tlsAuthority;
  const access = ['-o', admin, '--ca-file', authority, '--client-cert', certificate, '--client-key', key];
  const osnadmin = (...args: string[]) =>
    tool(fabricBinaries().program('osnadmin', stack.places), ['channel', ...args, ...access]);
  const listed = await osnadmin('list');
  if (listed.includes(`"name": "${channel}"`)) return;
  const said = await osnadmin('join', '--channelID', channel, '--config-block', channelFile(stack));
  if (!said.includes('Status: 201')) throw new Error(`the orderer of ${organisation} does not join: ${said.trim()}`);
}

/** Has an organisation's peer take part in the channel; makes the channel before, where that has to be done. Idempotent. */
export async function joinPeer(stack: Stack, organisation: Joined): Promise<void> {
  const listed = await peerAsAdmin(stack, organisation, ['channel', 'list']);
  if (listed.split('\n').includes(channel)) return;
  const folder = networkFolder(stack);
  const made = making.get(folder) ?? firstBlock(stack, organisation);
  making.set(folder, made);
  await peerAsAdmin(stack, organisation, ['channel', 'join', '-b', await made]);
}

/** @returns the file of the channel's first block */
async function firstBlock(stack: Stack, organisation: Joined): Promise<string> {
  if (fabricBinaries().modern) return channelFile(stack);
  const block = join(networkFolder(stack), `${channel}.block`);
  if (await stat(block).catch(() => undefined)) return block;
  const orderer = [
    ...['-o', at(portsOf(stack, organisation).orderer.clients), '-c', channel],
    ...['--tls', '--cafile', materialOf(stack, organisation).tlsAuthority],
  ];
  // a run that was stopped may have made it, and not kept its block
  const fetch = ['channel', 'fetch', '0', `${block}.new`, ...orderer];
  const create = ['channel', 'create', '-f', channelFile(stack), '--outputBlock', `${block}.new`, ...orderer];
  await untilLed(() => peerAsAdmin(stack, organisation, fetch).catch(() => peerAsAdmin(stack, organisation, create)));
  for (const each of organisations) {
    const anchors = ['channel', 'update', '-f', anchorsFile(stack, each), ...orderer];
    await untilLed(() => peerAsAdmin(stack, each, anchors)).catch(ifDone);
  }
  await rename(`${block}.new`, block);
  return block;
}

/** An update that has been made already is one of an older version of the channel. */
function ifDone(caught: unknown): void {
  if (!/but it is currently at version 1/.test((caught as Error).message)) throw caught;
}
