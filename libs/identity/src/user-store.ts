import { scrypt, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Random } from '@medshare/clock';
import { problem } from '@medshare/problems';
import { readPrivate, writePrivate } from './private-file.js';

const hashed = z.strictObject({
  salt: z.base64url(),
  hash: z.base64url(),
  N: z.int().max(2 ** 20),
  r: z.int().max(32),
  p: z.int().max(16),
});
type Hashed = z.infer<typeof hashed>;

const user = z.strictObject({
  /** Stable and opaque; becomes the token's subject. */
  id: z.uuid(),
  username: z.string().regex(/^[a-z0-9][a-z0-9._@-]{0,63}$/),
  roles: z.array(z.string().max(64)).max(20),
  /** `system|value` of the patient that this person is. */
  patient: z.string().max(321).optional(),
  password: hashed,
});
export type User = z.infer<typeof user>;
const file = z.strictObject({ version: z.literal(1), users: z.array(user).max(1000) });

/** scrypt (RFC 7914) at 32 MiB and about 60 ms on the reference machine. */
const cost = { N: 2 ** 15, r: 8, p: 1 };
/** Characters; longer passwords are refused before they cost anything. */
const maxPassword = 256;

export interface NewUser {
  username: string;
  password: string;
  roles: readonly string[];
  patient?: string;
}

/** The embedded provider's people, in one file that only its owner can read; passwords as scrypt hashes. */
export class UserStore {
  readonly #path: string;
  readonly #random: Random;
  readonly #users: Map<string, User>;
  /** What a password of nobody is compared with, so that unknown names take as long as known ones. */
  readonly #nobody: Hashed;

  private constructor(path: string, random: Random, users: User[]) {
    this.#path = path;
    this.#random = random;
    this.#users = new Map(users.map((it) => [it.username, it]));
    this.#nobody = { salt: encode(random.bytes(16)), hash: encode(random.bytes(32)), ...cost };
  }

  static async open(path: string, random: Random): Promise<UserStore> {
    return new UserStore(path, random, (await readPrivate(path, file))?.users ?? []);
  }

  byId(id: string): User | undefined {
    return [...this.#users.values()].find((it) => it.id === id);
  }

  has(username: string): boolean {
    return this.#users.has(username);
  }

  /** Adds somebody, or changes password and roles; the subject stays. @throws Problem request.invalid */
  async put({ username, password, roles, patient }: NewUser): Promise<void> {
    if (password.length === 0 || password.length > maxPassword) throw problem('request.invalid', { where: 'password' });
    const salt = this.#random.bytes(16);
    const entry = user.safeParse({
      id: this.#users.get(username)?.id ?? this.#random.uuid(),
      username,
      roles,
      ...(patient === undefined ? {} : { patient }),
      password: { salt: encode(salt), hash: encode(await derive(password, { ...cost, salt })), ...cost },
    });
    if (!entry.success) throw problem('request.invalid', { where: entry.error.issues[0]?.path.join('.') });
    this.#users.set(username, entry.data);
    await writePrivate(this.#path, { version: 1, users: [...this.#users.values()] });
  }

  /** @returns undefined for an unknown name and for a wrong password, after the same work */
  async authenticate(username: string, password: string): Promise<User | undefined> {
    if (password.length > maxPassword) return undefined;
    const known = this.#users.get(username);
    const { salt, hash, N, r, p } = known?.password ?? this.#nobody;
    const derived = await derive(password, { N, r, p, salt: Buffer.from(salt, 'base64url') });
    return timingSafeEqual(derived, Buffer.from(hash, 'base64url')) ? known : undefined;
  }
}

const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

const derive = (password: string, { N, r, p, salt }: typeof cost & { salt: Uint8Array }): Promise<Buffer> =>
  new Promise((resolve, reject) =>
    scrypt(password.normalize('NFKC'), salt, 32, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
      error ? reject(error) : resolve(key),
    ),
  );
