import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { plainName } from './database.js';

/** Wakes whoever waits for a NOTIFY. A wake may be missed (a lost connection) or come for nothing: always poll as well. */
export interface Listener {
  /** @returns stops listening */
  listen(channel: string, wake: (payload: string) => void): () => void;
  close(): Promise<void>;
}

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 10_000;

/** One connection for all channels of a process; it is made again when it breaks, and then wakes everybody. */
class PgListener implements Listener {
  readonly #url: string;
  readonly #wakers = new Map<string, Set<(payload: string) => void>>();
  #client: pg.Client | undefined;
  #connecting: Promise<void> | undefined;
  #subscribing: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(url: string) {
    this.#url = url;
  }

  listen(channel: string, wake: (payload: string) => void): () => void {
    const name = plainName(channel);
    const wakers = this.#wakers.get(name) ?? new Set();
    this.#wakers.set(name, wakers.add(wake));
    if (this.#client) this.#subscribe(this.#client, name);
    else this.#connecting ??= this.#connect();
    return () => void wakers.delete(wake);
  }

  /** One statement after the other: a connection takes no second one while it has one. */
  #subscribe(client: pg.Client, channel: string): void {
    this.#subscribing = this.#subscribing
      .then(() => client.query(`LISTEN ${channel}`))
      .then(undefined, () => undefined);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#subscribing;
    await this.#client?.end().catch(() => undefined);
    await this.#connecting;
  }

  async #connect(): Promise<void> {
    for (let delay = FIRST_RETRY_MS; !this.#closed; delay = Math.min(delay * 2, LONGEST_RETRY_MS)) {
      if (await this.#connectOnce()) break;
      await sleep(delay, undefined, { ref: false });
    }
    this.#connecting = undefined;
  }

  async #connectOnce(): Promise<boolean> {
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: 'medshare listen',
      connectionTimeoutMillis: 20_000,
      keepAlive: true,
    });
    client.on('error', () => undefined);
    client.on('end', () => this.#lost(client));
    client.on('notification', ({ channel, payload }) =>
      this.#wakers.get(channel)?.forEach((wake) => wake(payload ?? '')),
    );
    try {
      await client.connect();
      for (const channel of this.#wakers.keys()) await client.query(`LISTEN ${channel}`);
      this.#client = client;
    } catch {
      this.#client = undefined;
      await client.end().catch(() => undefined);
      return false;
    }
    // what was notified while nobody listened
    for (const wakers of this.#wakers.values()) for (const wake of wakers) wake('');
    return true;
  }

  #lost(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    if (!this.#closed) this.#connecting ??= this.#connect();
  }
}

export const openListener = (url: string): Listener => new PgListener(url);
