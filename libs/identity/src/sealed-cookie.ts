import { EncryptJWT, jwtDecrypt } from 'jose';
import type { z } from 'zod';
import type { Clock } from '@medshare/clock';

/** Bytes of a cookie that every browser keeps (RFC 6265 section 6.1). */
const maxCookie = 4096;

export interface CookieOptions {
  /** Names of cookies are shared by all ports of a host. */
  prefix: string;
  /** Whether browsers reach us by https: then the cookie is for this host and for https alone. */
  secure: boolean;
  key: Uint8Array;
  clock: Clock;
}

/**
 * A cookie that says nothing to who holds it and cannot be changed (JWE, A256GCM): what a browser keeps for us, so that any replica can go on.
 * HttpOnly always.
 */
export class SealedCookie<T extends object> {
  readonly name: string;
  readonly #schema: z.ZodType<T>;
  readonly #options: CookieOptions;
  readonly #sameSite: 'Strict' | 'Lax';

  constructor(name: string, sameSite: 'Strict' | 'Lax', schema: z.ZodType<T>, options: CookieOptions) {
    this.name = `${options.secure ? '__Host-' : ''}${options.prefix}_${name}`;
    this.#schema = schema;
    this.#options = options;
    this.#sameSite = sameSite;
  }

  /** @param until milliseconds since the epoch. @returns a Set-Cookie header; undefined for what no browser would keep */
  async write(value: T, until: number): Promise<string | undefined> {
    const { key, clock } = this.#options;
    const sealed = await new EncryptJWT({ value })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setSubject(this.name)
      .setExpirationTime(Math.floor(until / 1000))
      .encrypt(key);
    const header = this.#header(sealed, Math.max(0, Math.floor((until - clock.now()) / 1000)));
    return header.length > maxCookie ? undefined : header;
  }

  readonly clear = (): string => this.#header('', 0);

  /** @returns undefined for no cookie, one that is over, and one that is not ours */
  async read(header: string | undefined): Promise<T | undefined> {
    const found = (header ?? '')
      .split(/; */)
      .map((pair) => pair.split('='))
      .find(([name]) => name === this.name)?.[1];
    if (found === undefined || found === '') return undefined;
    const { key, clock } = this.#options;
    try {
      const { payload } = await jwtDecrypt(found, key, {
        subject: this.name,
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
        requiredClaims: ['exp'],
        currentDate: new Date(clock.now()),
      });
      return this.#schema.parse(payload['value']);
    } catch {
      return undefined;
    }
  }

  #header(value: string, maxAge: number): string {
    const secure = this.#options.secure ? '; Secure' : '';
    return `${this.name}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=${this.#sameSite}${secure}`;
  }
}
