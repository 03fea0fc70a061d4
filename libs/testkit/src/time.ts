import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@medshare/clock';

/** A clock that a test moves. */
export class ManualClock implements Clock {
  #now: number;

  /** @param start a number of ms since the epoch or an ISO-8601 instant */
  constructor(start: number | string = '2026-01-01T00:00:00.000Z') {
    this.#now = new Date(start).getTime();
  }

  now(): number {
    return this.#now;
  }

  advance(ms: number): void {
    this.#now += ms;
  }

  set(instant: number | string): void {
    this.#now = new Date(instant).getTime();
  }
}

/** Tries until the function neither throws nor returns false, and gives its value; past the timeout (ms) throws the last reason. */
export const eventually = async <T>(
  attempt: () => T | Promise<T>,
  { timeout = 10_000, interval = 20 }: { timeout?: number; interval?: number } = {},
): Promise<T> => {
  const until = performance.now() + timeout;
  for (;;) {
    let reason: unknown = new Error(`not so within ${timeout} ms`);
    try {
      const value = await attempt();
      if (value !== false) return value;
    } catch (caught) {
      reason = caught;
    }
    if (performance.now() > until) throw reason;
    await sleep(interval);
  }
};
