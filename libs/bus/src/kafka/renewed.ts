interface Connecting {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
}

/** A connection that is opened at its first use, shared, and made anew after a use of it failed. */
export class Renewed<C extends Connecting> {
  #current: Promise<C> | undefined;
  readonly #ending = new Set<Promise<unknown>>();

  constructor(private readonly make: () => C) {}

  async use<T>(work: (client: C) => Promise<T>): Promise<T> {
    const current = (this.#current ??= this.#open());
    try {
      return await work(await current);
    } catch (caught) {
      if (this.#current === current) this.#drop();
      throw caught;
    }
  }

  /** Resolves when nothing of it is open any more. */
  async close(): Promise<void> {
    this.#drop();
    await Promise.all(this.#ending);
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
