import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { systemClock, systemRandom } from '@medshare/clock';
import { createAuthority, issueCertificate, openAuthority, type Authority } from '@medshare/peers';
import { writePrivate } from '../secrets.js';
import type { Stack } from '../stack.js';
import { withLowS } from './low-s.js';
import { networkFolder, organisations, type Joined } from './organisations.js';

const days = { authority: 3650, leaf: 397 };
const hosts = ['127.0.0.1', 'localhost'];
/** Kinds of identities that Fabric tells apart by their OU (NodeOUs), which is the role in a certificate of ours. */
export const kinds = ['client', 'admin', 'peer', 'orderer'] as const;
export type Kind = (typeof kinds)[number];
const listeners = ['peer', 'orderer', 'gateway', 'chaincode'] as const;
export type Listener = (typeof listeners)[number];

/** A certificate and its key, files. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

/** Files of one organisation, PEM. */
export interface Material {
  readonly folder: string;
  /** issues identities */
  readonly authority: string;
  /** issues certificates of listeners, and of those who connect to them with one */
  readonly tlsAuthority: string;
  /** what the others know of it: an MSP folder without an identity */
  readonly msp: string;
  /** an MSP folder with an identity of the kind, as the programs want it */
  mspOf(kind: Kind): string;
  identity(kind: Kind): Pair;
  tls(listener: Listener): Pair;
}

export function materialOf(stack: Pick<Stack, 'places'>, organisation: Joined): Material {
  const folder = join(networkFolder(stack), 'organisations', organisation);
  const mspOf = (kind: string) => join(folder, 'identities', kind);
  return {
    folder,
    authority: join(folder, 'msp', 'cacerts', 'authority.pem'),
    tlsAuthority: join(folder, 'msp', 'tlscacerts', 'authority.pem'),
    msp: join(folder, 'msp'),
    mspOf,
    identity: (kind) => ({
      certificate: join(mspOf(kind), 'signcerts', 'certificate.pem'),
      key: join(mspOf(kind), 'keystore', 'key.pem'),
    }),
    tls: (listener) => ({
      certificate: join(folder, 'tls', `${listener}.pem`),
      key: join(folder, 'tls', `${listener}-key.pem`),
    }),
  };
}

/** Makes what is missing; an organisation's files are there whole or not at all. */
export async function makeMaterial(stack: Pick<Stack, 'places'>, of: readonly Joined[] = organisations): Promise<void> {
  for (const organisation of of) {
    const { folder } = materialOf(stack, organisation);
    if (await stat(folder).catch(() => undefined)) continue;
    const fresh = `${folder}.new`;
    await rm(fresh, { recursive: true, force: true });
    await mkdir(fresh, { recursive: true, mode: 0o700 });
    await makeOrganisation(fresh, organisation);
    await rename(fresh, folder);
  }
}

/** What issues an organisation's certificates. */
export interface Authorities {
  readonly identities: Authority;
  readonly tls: Authority;
}

export const makeAuthorities = async (organisation: Joined): Promise<Authorities> => ({
  identities: await authorityOf(organisation),
  tls: await authorityOf(tlsOf(organisation)),
});

const tlsOf = (organisation: Joined): string => `tls.${organisation}`;

/** Those that an organisation started with. */
export async function openAuthorities(stack: Pick<Stack, 'places'>, organisation: Joined): Promise<Authorities> {
  const { folder, authority, tlsAuthority } = materialOf(stack, organisation);
  const shape = { clock: systemClock, random: systemRandom };
  const open = async (institution: string, ca: string, key: string): Promise<Authority> =>
    openAuthority({
      ...shape,
      institution,
      ca: await readFile(ca, 'utf8'),
      key: await readFile(join(folder, key), 'utf8'),
    });
  return {
    identities: await open(organisation, authority, 'authority-key.pem'),
    tls: await open(tlsOf(organisation), tlsAuthority, 'tls-authority-key.pem'),
  };
}

async function makeOrganisation(folder: string, organisation: Joined): Promise<void> {
  const { identities, tls } = await makeAuthorities(organisation);
  for (const [name, { key }] of [['authority', identities] as const, ['tls-authority', tls] as const])
    await writePrivate(join(folder, `${name}-key.pem`), key);
  await writeMsp(join(folder, 'msp'), identities, tls);
  for (const kind of kinds) {
    const msp = join(folder, 'identities', kind);
    await writeMsp(msp, identities, tls);
    await writePair(identities, kind, {
      certificate: join(msp, 'signcerts', 'certificate.pem'),
      key: join(msp, 'keystore', 'key.pem'),
    });
  }
  await mkdir(join(folder, 'tls'));
  for (const listener of listeners)
    await writePair(tls, listener, {
      certificate: join(folder, 'tls', `${listener}.pem`),
      key: join(folder, 'tls', `${listener}-key.pem`),
    });
}

const authorityOf = (institution: string): Promise<Authority> =>
  withLowS(
    () => createAuthority({ institution, validDays: days.authority, clock: systemClock, random: systemRandom }),
    ({ ca }) => ca,
  );

/** A new certificate and key, in the place of those that are there. */
export async function writePair(authority: Authority, role: string, files: Pair): Promise<void> {
  const { cert, key } = await withLowS(
    () => issueCertificate(authority, { role, hosts, validDays: days.leaf }),
    (made) => made.cert,
  );
  await writeFile(files.certificate, cert);
  await writePrivate(files.key, key);
}

/** A folder as Fabric's MSP reads it: authorities, and which OU is which kind. */
async function writeMsp(folder: string, identities: Authority, tls: Authority): Promise<void> {
  for (const name of ['cacerts', 'tlscacerts', 'signcerts', 'keystore'])
    await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
  await writeFile(join(folder, 'cacerts', 'authority.pem'), identities.ca);
  await writeFile(join(folder, 'tlscacerts', 'authority.pem'), tls.ca);
  await writeUnits(folder, { Certificate: 'cacerts/authority.pem' });
}

/** Which OU is which kind. @param of the authority for which it counts; of every one when none is named */
export async function writeUnits(folder: string, of: { Certificate?: string } = {}): Promise<void> {
  const units = kinds.map((kind) => [
    `${kind.slice(0, 1).toUpperCase()}${kind.slice(1)}OUIdentifier`,
    { ...of, OrganizationalUnitIdentifier: kind },
  ]);
  await writeFile(
    join(folder, 'config.yaml'),
    stringify({ NodeOUs: { Enable: true, ...(Object.fromEntries(units) as object) } }),
  );
}
