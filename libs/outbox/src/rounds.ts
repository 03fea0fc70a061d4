/** What a loop of rounds does, and when it looks again. */
export interface RoundsOptions {
  /** One round. @returns how much was done; the next follows at once after any */
  readonly round: () => Promise<number>;
  /** A round failed as a whole; the next one follows after a rest. */
  readonly failed: (caught: unknown) => void;
  /** Longest rest before something due is looked for without being told, ms. */
  readonly idle: number;
}

/**
 * Looks for what is due, round after round: at once while there was something, else after a rest that `wake` ends. What a round takes and
 * when a thing is due again stand in its table; a process that dies leaves both to the next one.
 */
export class Rounds {
  #stopping = false;
  #running: Promise<void> = Promise.resolve();
  #woken = false;
  #wakeUp: () => void = () => undefined;

  constructor(private readonly options: RoundsOptions) {}

  get stopping(): boolean {
    return this.#stopping;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Resolves when the round under way has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.wake();
    await this.#running;
  }

  /** Tells that something may be due. Told during a round, another one follows. */
  wake(): void {
    this.#woken = true;
    this.#wakeUp();
  }

  async #run(): Promise<void> {
    const { round, failed } = this.options;
    while (!this.#stopping) {
      this.#woken = false;
      const done = await round().catch((caught: unknown) => {
        failed(caught);
        return 0;
      });
      if (done === 0 && !this.#woken && !this.#stopping) await this.#rest();
    }
  }

  #rest(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.options.idle);
      this.#wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** @returns the wait after so many failures (at least one): doubled each time, up to the limit, ms */
export const backoffOf = ({ first, limit }: { first: number; limit: number }, failures: number): number =>
  Math.min(first * 2 ** Math.min(failures - 1, 20), limit);
