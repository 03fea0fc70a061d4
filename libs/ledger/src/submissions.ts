import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '@medshare/clock';
import { problem } from '@medshare/problems';
import { Gate } from './gate.js';

export interface SubmissionSettings {
  /** Submissions that one client has under way before it refuses more. */
  readonly submissions: number;
  /** Executions afresh after a lost race. */
  readonly conflictRetries: number;
  /** Uneven pause after a lost race, at most, ms; about the time in which a block is cut. */
  readonly conflictPauseMs: number;
}

/** The function calls that one client has under way: each is tried again and again while it only loses races. */
export class Submissions {
  readonly #settings: SubmissionSettings;
  readonly #random: Pick<Random, 'bytes'>;
  /** Those that lost a race go on one at a time, or a hundred of them would make each other lose. */
  readonly #losers = new Gate();
  readonly #closed = new AbortController();
  #underWay = 0;

  constructor(settings: SubmissionSettings, random: Pick<Random, 'bytes'>) {
    this.#settings = settings;
    this.#random = random;
  }

  /** Aborted when they end. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  close(): void {
    this.#closed.abort();
  }

  /**
   * @param attempt gives undefined when it lost a race
   * @throws Problem `ledger.unavailable` when too many are under way, `ledger.conflict` when every race was lost, `service.stopping`
   */
  async run<T>(attempt: () => Promise<T | undefined>): Promise<T> {
    if (this.closed.aborted) throw problem('service.stopping');
    if (this.#underWay >= this.#settings.submissions)
      throw problem('ledger.unavailable', { detail: 'too many submissions are under way' });
    this.#underWay += 1;
    try {
      return (await attempt()) ?? (await this.#losers.run(() => this.#again(attempt)));
    } finally {
      this.#underWay -= 1;
    }
  }

  async pause(ms: number): Promise<void> {
    if (this.closed.aborted) throw problem('service.stopping');
    await sleep(ms, undefined, { signal: this.closed }).catch(() => undefined);
  }

  async #again<T>(attempt: () => Promise<T | undefined>): Promise<T> {
    const { conflictRetries, conflictPauseMs } = this.#settings;
    for (let tried = 0; tried < conflictRetries; tried++) {
      const submitted = await attempt();
      if (submitted !== undefined) return submitted;
      // institutions contend with each other: an uneven pause lets one of them through
      await this.pause((this.#random.bytes(1)[0]! / 256) * conflictPauseMs);
    }
    throw problem('ledger.conflict', { detail: `lost ${conflictRetries} races` });
  }
}
