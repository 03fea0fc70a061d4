/** Of one partition: what follows the last message that was done. */
export interface Reached {
  readonly partition: number;
  readonly offset: string;
}

export interface CommitsOptions {
  readonly commit: (reached: readonly Reached[]) => Promise<void>;
  /** how long a commit may be put off, ms */
  readonly everyMs: number;
  /** most messages between two commits */
  readonly most: number;
}

/**
 * Commits for all partitions of a consumer together: one commit costs the brokers about as much as one event. Who takes a partition over
 * may be given again what was done last.
 */
export class Commits {
  readonly #options: CommitsOptions;
  readonly #owed = new Map<number, number>();
  #messages = 0;
  #timer: NodeJS.Timeout | undefined;
  #under: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: CommitsOptions) {
    this.#options = options;
  }

  /** @param next what follows the last message done; @param messages how many were done with it */
  async reach(partition: number, next: number, messages: number): Promise<void> {
    if (this.#closed) return;
    this.#owed.set(partition, next);
    this.#messages += messages;
    if (this.#messages >= this.#options.most) await this.now();
    else this.#soon();
  }

  /** Commits what is owed; what cannot be committed is owed on, and tried again. */
  now(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#under = this.#under.then(() => this.#send());
    return this.#under;
  }

  /** The consumer is gone: nothing is committed any more, whatever its handlers still do. */
  close(): void {
    this.#closed = true;
    this.forget();
  }

  /** What was done is no longer this consumer's to commit. */
  forget(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#messages = 0;
    this.#owed.clear();
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => void this.now(), this.#options.everyMs).unref();
  }

  async #send(): Promise<void> {
    const owed = [...this.#owed];
    this.#messages = 0;
    if (owed.length === 0) return;
    try {
      await this.#options.commit(owed.map(([partition, next]) => ({ partition, offset: String(next) })));
      for (const [partition, next] of owed) if (this.#owed.get(partition) === next) this.#owed.delete(partition);
    } catch {
      if (this.#owed.size > 0) this.#soon();
    }
  }
}
