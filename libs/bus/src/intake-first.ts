/** Silence of senders after which they count as done, ms: one that waits for each answer sends again within it. */
const QUIET_MS = 5;
/** Of every span, consumers get the rest even when senders never pause, ms: nothing is put off for ever. */
const SPAN_MS = 500;
const FIRST_MS = 400;

/**
 * Who must be answered goes first: while acknowledgements are owed, consumers take no further message, so that an institution's intake
 * is not slowed by what it set in motion. At the latest after 400 ms of every 500 they go on beside it.
 */
export class IntakeFirst {
  private owed = 0;
  private began = -Infinity;
  private last = -Infinity;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Something was read that is to be acknowledged. */
  begin(): void {
    if (this.isQuiet()) this.began = this.now();
    this.owed += 1;
    this.last = this.now();
  }

  /** It was answered. */
  end(): void {
    this.owed -= 1;
    this.last = this.now();
  }

  /** How long consumers still hold back, ms; 0 when it is their turn. */
  waitMs(): number {
    if (this.isQuiet()) return 0;
    const within = (this.now() - this.began) % SPAN_MS;
    if (within >= FIRST_MS) return 0;
    const rest = FIRST_MS - within;
    return this.owed > 0 ? Math.min(rest, QUIET_MS) : Math.min(rest, QUIET_MS - (this.now() - this.last));
  }

  /** Resolves when it is the consumers' turn. */
  async turn(): Promise<void> {
    for (let ms = this.waitMs(); ms > 0; ms = this.waitMs()) await new Promise((resolve) => setTimeout(resolve, ms));
  }

  private isQuiet(): boolean {
    return this.owed === 0 && this.now() - this.last >= QUIET_MS;
  }
}

/** Of this process: intake and consumers of all its institutions share one thread. */
export const intakeFirst = new IntakeFirst();
