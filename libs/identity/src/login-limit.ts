import type { Clock } from '@medshare/clock';

/** Wrong passwords for one name before further attempts are refused. */
const maxFailures = 5;
/** Milliseconds from the last failure until the count begins anew. */
const lockFor = 5 * 60 * 1000;
/** Names remembered; the longest untouched goes first. */
const maxNames = 10_000;

/** Slows down guessing at one name, known or not. */
export class LoginLimit {
  readonly #failures = new Map<string, { count: number; last: number }>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns whether an attempt may be made; it counts as a failure until {@link succeeded} takes it back */
  attempt(name: string): boolean {
    const now = this.#clock.now();
    const found = this.#failures.get(name);
    const count = found && now - found.last < lockFor ? found.count : 0;
    if (count >= maxFailures) return false;
    this.#failures.delete(name);
    this.#failures.set(name, { count: count + 1, last: now });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > maxNames && oldest !== undefined) this.#failures.delete(oldest);
    return true;
  }

  succeeded(name: string): void {
    this.#failures.delete(name);
  }
}
