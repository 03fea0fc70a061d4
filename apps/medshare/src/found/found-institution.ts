import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Random } from '@medshare/clock';
import { suite, toBase64url, type SuiteName } from '@medshare/crypto';
import type { MemberKeys, Region } from '@medshare/events';
import type { KeyEncryption } from '@medshare/keys';
import { openFileKeys } from '@medshare/keys/file.driver';
import { createAuthority, issueCertificate } from '@medshare/peers';
import { readSigningKey } from '../run/secrets.js';
import type { Founder, Terms } from './found-together.js';

/** Roles that sign on behalf of their institution; each has a key of its own, registered with the region. */
export const signingRoles = ['ledger', 'vault', 'access', 'reader', 'audit'] as const;
export type SigningRole = (typeof signingRoles)[number];

/** What an institution publishes of itself when a region is founded. */
export interface FoundedInstitution {
  id: string;
  name: string;
  folder: string;
  publicKeys: MemberKeys;
  /** Certificate of its authority, PEM: what the other members pin. */
  ca: string;
}

interface Parts {
  id: string;
  name: string;
  folder: string;
  suite: SuiteName;
  hosts: readonly string[];
  clock: Clock;
  random: Random;
}

/** Validity of the authority and of the process's certificate, days. */
const authorityDays = 3650;
const certificateDays = 397;

/** Makes an institution's keys and certificates in its own folder. Private keys stand there wrapped, or in 0600 files. */
export async function foundInstitution(parts: Parts): Promise<FoundedInstitution> {
  const { id, name, folder, clock, random } = parts;
  // a PostgreSQL of its own, which runs as another user where we are root, must be able to pass through
  await mkdir(folder, { recursive: true, mode: 0o711 });
  await mkdir(join(folder, 'keys'), { recursive: true, mode: 0o700 });
  await mkdir(join(folder, 'tls'), { recursive: true, mode: 0o700 });
  const keyEncryption = await openFileKeys({ path: keyFile(folder), random });
  const used = suite(parts.suite);
  const publicKeys: Partial<MemberKeys> = {};
  for (const role of signingRoles) {
    const pair = used.generateKeyPair();
    publicKeys[role] = toBase64url(pair.publicKey);
    await writeSecret(folder, role, pair.privateKey, keyEncryption);
  }
  await writeSecret(folder, 'patient', random.bytes(32), keyEncryption);
  const authority = await createAuthority({ institution: id, validDays: authorityDays, clock, random });
  const node = await issueCertificate(authority, { role: 'node', hosts: parts.hosts, validDays: certificateDays });
  await writePrivate(join(folder, 'tls', 'authority-key.pem'), authority.key);
  await writePrivate(join(folder, 'tls', 'node-key.pem'), node.key);
  await writeFile(join(folder, 'tls', 'node.pem'), node.cert);
  return { id, name, folder, publicKeys: publicKeys as MemberKeys, ca: authority.ca };
}

/** What an institution that was founded brings to a founding of a region. @throws Problem config.invalid where a key cannot be read */
export async function founderOf(folder: string, id: string, name: SuiteName): Promise<Founder> {
  const keys = await openFileKeys({ path: keyFile(folder) });
  const [ledger, vault] = await Promise.all(
    (['ledger', 'vault'] as const).map((role) => readSigningKey(suite(name), folder, role, keys)),
  );
  return { id, ledger: ledger!, vault: vault! };
}

/** Keeps what founding the region came to: its document, the own share of the index key, the authorities of all members. */
export async function writeRegion(
  folder: string,
  { members }: Pick<Terms, 'members'>,
  { region, oprfShare }: { region: Region; oprfShare?: Uint8Array },
): Promise<void> {
  if (oprfShare) await writeSecret(folder, 'oprf', oprfShare, await openFileKeys({ path: keyFile(folder) }));
  await mkdir(join(folder, 'tls', 'authorities'), { recursive: true });
  await Promise.all(members.map(({ id, ca }) => writeFile(join(folder, 'tls', 'authorities', `${id}.pem`), ca)));
  const file = join(folder, 'region.json');
  await writeFile(`${file}.new`, `${JSON.stringify(region, null, 2)}\n`);
  await rename(`${file}.new`, file);
}

export const keyFile = (folder: string): string => join(folder, 'keys', 'key-encryption-key');

/** A secret of the institution, wrapped under its key-encryption key. */
export async function writeSecret(
  folder: string,
  name: string,
  secret: Uint8Array,
  keys: KeyEncryption,
): Promise<void> {
  await writePrivate(join(folder, 'keys', `${name}.wrapped`), await keys.wrap(secret, `secret/${name}`));
}

export const writePrivate = (path: string, content: string | Uint8Array): Promise<void> =>
  writeFile(path, content, { mode: 0o600 });
