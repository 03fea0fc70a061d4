import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { systemClock, systemRandom } from '@medshare/clock';
import type { SuiteName } from '@medshare/crypto';
import { UserStore } from '@medshare/identity/user-store';
import { accountsPath, identityFolder } from '../run/embedded-provider.js';
import { demoInstitutions, demoRegion, demoUsers, portsOf, type DemoInstitution } from './demo.js';
import {
  foundInstitution,
  founderOf,
  writePrivate,
  writeRegion,
  type FoundedInstitution,
} from './found-institution.js';
import { completeRegion, dealShares, termsOf } from './found-together.js';

/** Passwords and feed secrets of the demo, mode 0600: made at random, so that no two demos share them. */
export interface DemoSecrets {
  /** institution → user → password */
  passwords: Record<string, Record<string, string>>;
  /** institution → secret of the service account `feed` */
  feeds: Record<string, string>;
}

export const demoSecretsFile = (data: string): string => join(data, 'demo-secrets.json');
export const institutionFolder = (data: string, id: string): string => join(data, id);
export const configFile = (data: string, id: string): string => join(data, id, 'config.yaml');

/** Whether the demo was founded completely: the last file that founding writes. */
export const isFounded = (data: string): boolean => existsSync(demoSecretsFile(data));

/** Founds the demo's region and institutions below `data`. A founding that was cut off is begun anew. */
export async function foundDemo(
  data: string,
  portBase: number,
  suite: SuiteName,
  onStep: (step: string) => void,
): Promise<void> {
  await mkdir(data, { recursive: true, mode: 0o755 });
  const founded: FoundedInstitution[] = [];
  for (const { id, name } of demoInstitutions) {
    onStep(`keys and certificates of ${name}`);
    const folder = institutionFolder(data, id);
    founded.push(
      await foundInstitution({
        id,
        name,
        folder,
        suite,
        hosts: ['127.0.0.1', 'localhost'],
        clock: systemClock,
        random: systemRandom,
      }),
    );
  }
  onStep('the region’s index key, dealt jointly');
  await foundTogether(founded, suite, portBase);
  await Promise.all(founded.map((one, index) => writeConfig(data, one, index, portBase)));
  onStep('users');
  await writeUsers(data);
}

/** As members do that found a region together, each by itself; here all of them by one hand. */
async function foundTogether(founded: FoundedInstitution[], suite: SuiteName, portBase: number): Promise<void> {
  const agreement = { version: 1 as const, ...demoRegion, suite, members: founded.map(({ id }) => id) };
  const members = founded.map(({ id, name, publicKeys, ca }, at) => {
    const peerUrl = `https://127.0.0.1:${portsOf(portBase, at).peers}`;
    return { version: 1 as const, id, name, keys: publicKeys, suite, peerUrl, ca };
  });
  const terms = termsOf(agreement, members);
  const founders = await Promise.all(founded.map(({ id, folder }) => founderOf(folder, id, suite)));
  const deals = founders.map((founder) => dealShares(terms, founder, (length) => systemRandom.bytes(length)));
  for (const [at, founder] of founders.entries()) {
    const { folder } = founded[at]!;
    await writeFile(join(folder, 'member.json'), `${JSON.stringify(members[at], null, 2)}\n`);
    await writeRegion(folder, terms, completeRegion(terms, founder, deals));
  }
}

async function writeConfig(
  data: string,
  { id, folder }: FoundedInstitution,
  index: number,
  portBase: number,
): Promise<void> {
  const ports = portsOf(portBase, index);
  const ids = demoInstitutions.map((one) => one.id);
  const config = {
    region: demoRegion.region,
    institution: id,
    data: '.',
    http: { port: ports.http },
    peers: {
      port: ports.peers,
      key: 'tls/node-key.pem',
      cert: 'tls/node.pem',
      authorities: Object.fromEntries(ids.map((one) => [one, `tls/authorities/${one}.pem`])),
      urls: Object.fromEntries(ids.map((one, at) => [one, `https://127.0.0.1:${portsOf(portBase, at).peers}`])),
    },
    mllp: {
      port: ports.mllp,
      feeds: [
        {
          name: 'hospital',
          zone: demoInstitutions[index]?.zone ?? 'UTC',
          onConflict: 'refuse',
          agreedIdentifierSystems: { EAST: demoRegion.identifierSystems[0] },
        },
      ],
    },
    blobs: 'file:blobs',
    keys: 'file:keys/key-encryption-key',
    identity: { issuer: `http://127.0.0.1:${ports.http}/realms/${id}`, embedded: true },
    log: { level: 'warn' },
  };
  await writeFile(
    configFile(data, id),
    `# ${id}: a deployment of its own. \`medshare config docs\` explains every key.\n${stringify(config)}`,
  );
  await mkdir(identityFolder(folder), { recursive: true, mode: 0o700 });
}

async function writeUsers(data: string): Promise<void> {
  const secrets: DemoSecrets = { passwords: {}, feeds: {} };
  const writeAt = async ({ id }: DemoInstitution): Promise<void> => {
    const folder = institutionFolder(data, id);
    const users = await UserStore.open(join(identityFolder(folder), 'users.json'), systemRandom);
    const passwords = Object.fromEntries(demoUsers.map(({ username }) => [username, secret(12)]));
    for (const { username, roles, patient } of demoUsers)
      await users.put({ username, password: passwords[username] ?? '', roles, patient });
    secrets.passwords[id] = passwords;
    secrets.feeds[id] = secret(24);
    const accounts = [{ clientId: 'feed', secret: secrets.feeds[id], roles: ['feed'] }];
    await writePrivate(accountsPath(folder), JSON.stringify({ version: 1, accounts }));
  };
  await Promise.all(demoInstitutions.map(writeAt));
  await writePrivate(demoSecretsFile(data), JSON.stringify(secrets));
}

const secret = (bytes: number): string => Buffer.from(systemRandom.bytes(bytes)).toString('base64url');

export async function readDemoSecrets(data: string): Promise<DemoSecrets> {
  return JSON.parse(await readFile(demoSecretsFile(data), 'utf8')) as DemoSecrets;
}
