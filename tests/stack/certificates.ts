import { chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, systemRandom } from '@medshare/clock';
import { createAuthority, issueCertificate, openAuthority, type Authority } from '@medshare/peers';
import { writePrivate } from './secrets.js';

const days = { authority: 3650, server: 397 };
const hosts = ['127.0.0.1', 'localhost'];

/** Files of one server's certificate, PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
  readonly authority: string;
  /** key and certificate in one file, as Kafka wants them */
  readonly both: string;
}

/** The stack's own certificate authority, and the certificates of its servers; all are made at first use. */
export class Certificates {
  readonly #folder: string;
  readonly #made = new Map<string, Promise<Certificate>>();
  #authority: Promise<Authority> | undefined;

  constructor(state: string) {
    this.#folder = join(state, 'tls');
  }

  /** What clients of the stack trust. */
  get authorityFile(): string {
    return join(this.#folder, 'authority.pem');
  }

  /** @param user owner of the key's file, where the server runs as another user */
  of(name: string, user?: { uid: number; gid: number }): Promise<Certificate> {
    const known = this.#made.get(name) ?? this.#openOrIssue(name, user);
    this.#made.set(name, known);
    return known;
  }

  async #openOrIssue(name: string, user: { uid: number; gid: number } | undefined): Promise<Certificate> {
    const files = {
      key: join(this.#folder, `${name}-key.pem`),
      cert: join(this.#folder, `${name}.pem`),
      authority: this.authorityFile,
      both: join(this.#folder, `${name}-both.pem`),
    };
    const authority = await this.#open();
    if (await readFile(files.both).catch(() => undefined)) return files;
    const { key, cert } = await issueCertificate(authority, { role: name, hosts, validDays: days.server });
    await writePrivate(files.key, key);
    if (user) await chown(files.key, user.uid, user.gid);
    await writeFile(files.cert, cert);
    await writePrivate(files.both, `${key}\n${cert}\n`);
    return files;
  }

  #open(): Promise<Authority> {
    return (this.#authority ??= this.#openOrMake());
  }

  async #openOrMake(): Promise<Authority> {
    const keyFile = join(this.#folder, 'authority-key.pem');
    const shape = { institution: 'stack', clock: systemClock, random: systemRandom };
    const key = await readFile(keyFile, 'utf8').catch(() => undefined);
    if (key) return openAuthority({ ...shape, key, ca: await readFile(this.authorityFile, 'utf8') });
    await mkdir(this.#folder, { recursive: true, mode: 0o711 });
    const made = await createAuthority({ ...shape, validDays: days.authority });
    await writeFile(this.authorityFile, made.ca);
    await writePrivate(keyFile, made.key);
    return made;
  }
}
