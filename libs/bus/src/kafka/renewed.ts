import { problem } from '@medshare/problems';

interface Connecting {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
}

/** A connection that is opened at its first use, shared, and made anew after a use of it failed. */
export class Renewed<C extends Connecting> {
  #current: Promise<C> | undefined;
  #closed = false;
  readonly #ending = new Set<Promise<unknown>>();

  constructor(private readonly make: () => C) {}

  /** @throws Problem `service.stopping` once it is closed; else what opening or the work throws */
  async use<T>(work: (client: C) => Promise<T>): Promise<T> {
    this.#refuseClosed();
    const current = (this.#current ??= this.#open());
    try {
      const client = await current;
      // it may have been closed while it was being opened
      this.#refuseClosed();
      return await work(client).finally(() => this.#closed && client.disconnect().catch(() => undefined));
    } catch (caught) {
      if (this.#current === current) this.#drop();
      throw caught;
    }
  }

  /** Resolves when it is closed. Work still under way fails or ends, and closes what the library opened again for it. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#drop();
    await Promise.all(this.#ending);
  }

  #refuseClosed(): void {
    if (this.#closed) throw problem('service.stopping', { where: 'bus' });
  }

  async #open(): Promise<C> {
    const client = this.make();
    try {
      await client.connect();
      return client;
    } catch (caught) {
      await client.disconnect().catch(() => undefined);
      throw caught;
    }
  }

  #drop(): void {
    const dropped = this.#current;
    this.#current = undefined;
    const ended = dropped?.then((client) => client.disconnect()).catch(() => undefined);
    if (!ended) return;
    this.#ending.add(ended);
    void ended.then(() => this.#ending.delete(ended));
  }
}
