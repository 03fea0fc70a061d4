import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Stack } from '../stack.js';
import { writePrivate } from '../secrets.js';
import { fabricBinaries } from './binaries.js';
import {
  kinds,
  makeAuthorities,
  materialOf,
  writePair,
  writeUnits,
  type Authorities,
  type Kind,
  type Listener,
} from './identities.js';
import { channel, mspIdOf, portsOf, systemChannel, type Organisation } from './organisations.js';
import { updateChannel, type MspConfig } from './update-channel.js';

// What docs/operate-fabric.md says under "Rotate" of what is Fabric's own: files are replaced, and whoever runs with them is started anew by the caller.

/** Releases before 2.3 have a channel of the orderers beside those of the peers. */
const orderedChannels = (): readonly string[] => (fabricBinaries().modern ? [channel] : [systemChannel, channel]);

const base64 = async (file: string): Promise<string> => (await readFile(file)).toString('base64');

/** New pairs in the place of the old. */
export async function reissue(
  stack: Stack,
  organisation: Organisation,
  { identities, tls }: Authorities,
  of: { readonly kinds?: readonly Kind[]; readonly listeners?: readonly Listener[] },
): Promise<void> {
  const material = materialOf(stack, organisation);
  for (const kind of of.kinds ?? []) await writePair(identities, kind, material.identity(kind));
  for (const listener of of.listeners ?? []) await writePair(tls, listener, material.tls(listener));
}

/** An orderer's new pairs; its TLS certificate stands in the channel's configuration, and is exchanged there before it is shown. */
export async function reissueOrderer(stack: Stack, organisation: Organisation, by: Authorities): Promise<void> {
  const { clients } = portsOf(stack, organisation).orderer;
  await reissue(stack, organisation, by, { kinds: ['orderer'], listeners: ['orderer'] });
  const shown = await base64(materialOf(stack, organisation).tls('orderer').certificate);
  for (const each of orderedChannels())
    await updateChannel(stack, {
      name: `orderer-${organisation}`,
      channel: each,
      change: ({ channel_group: { groups } }) => {
        const { consenters } = groups.Orderer.values.ConsensusType.value.metadata;
        for (const one of consenters)
          if (one.port === clients) Object.assign(one, { client_tls_cert: shown, server_tls_cert: shown });
      },
    });
}

/** New authorities beside the old ones, in the organisation's files and in every channel; nothing is issued by them yet. */
export async function besideAuthorities(stack: Stack, organisation: Organisation): Promise<Authorities> {
  const material = materialOf(stack, organisation);
  const next = await makeAuthorities(organisation);
  await writePrivate(join(material.folder, 'authority-key.pem'), next.identities.key);
  await writePrivate(join(material.folder, 'tls-authority-key.pem'), next.tls.key);
  for (const folder of [material.msp, ...kinds.map((kind) => material.mspOf(kind))]) {
    await writeFile(join(folder, 'cacerts', 'next.pem'), next.identities.ca);
    await writeFile(join(folder, 'tlscacerts', 'next.pem'), next.tls.ca);
    // the kinds are told apart whoever issued the identity
    await writeUnits(folder);
  }
  // whom those who connect to the organisation believe
  const old = await readFile(material.tlsAuthority, 'utf8');
  await writeFile(material.tlsAuthority, `${old.trimEnd()}\n${next.tls.ca}`);
  await changeMsp(stack, organisation, 'beside', (msp) => {
    msp.root_certs.push(Buffer.from(next.identities.ca).toString('base64'));
    msp.tls_root_certs.push(Buffer.from(next.tls.ca).toString('base64'));
    for (const unit of Object.values(msp.fabric_node_ous)) if (typeof unit === 'object') delete unit.certificate;
  });
  return next;
}

/** Nothing is left of the old authorities: they are taken out of the files and of every channel. */
export async function withoutOldAuthorities(
  stack: Stack,
  organisation: Organisation,
  next: Authorities,
): Promise<void> {
  const material = materialOf(stack, organisation);
  for (const folder of [material.msp, ...kinds.map((kind) => material.mspOf(kind))])
    for (const [name, { ca }] of [['cacerts', next.identities] as const, ['tlscacerts', next.tls] as const]) {
      await writeFile(join(folder, name, 'authority.pem'), ca);
      await rm(join(folder, name, 'next.pem'));
    }
  await changeMsp(stack, organisation, 'without-old', (msp) => {
    msp.root_certs = [Buffer.from(next.identities.ca).toString('base64')];
    msp.tls_root_certs = [Buffer.from(next.tls.ca).toString('base64')];
  });
}

/** An organisation stands in a channel more than once, as one that has a peer and as one that has an orderer, and must be the same everywhere. */
async function changeMsp(
  stack: Stack,
  organisation: Organisation,
  name: string,
  change: (msp: MspConfig) => void,
): Promise<void> {
  for (const each of orderedChannels())
    await updateChannel(stack, {
      name: `authorities-${name}-${organisation}`,
      channel: each,
      change: ({ channel_group: { groups } }) => {
        const consortiums = Object.values(groups.Consortiums?.groups ?? {});
        for (const group of [groups.Application, groups.Orderer, ...consortiums]) {
          const found = group?.groups[mspIdOf(organisation)];
          if (found) change(found.values.MSP.value.config);
        }
      },
    });
}
