/** Where time comes from; injected, so that tests and the chain decide what "now" is. */
export interface Clock {
  /** @returns milliseconds since the epoch, UTC */
  now(): number;
}

/** The machine's clock: the only place of the servers that reads it. */
export const systemClock: Clock = { now: () => Date.now() };
