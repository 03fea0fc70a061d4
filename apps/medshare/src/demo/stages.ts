import type { Terminal } from '../terminal/terminal.js';

/** A step of the demo as it is told: `said` may change while it runs. */
export interface Stage {
  say(text: string): void;
}

/** Tells each step while it runs and once it is done, with the time it took. */
export class Stages {
  constructor(
    private readonly terminal: Terminal,
    private readonly stop: AbortSignal,
    private readonly now: () => number,
  ) {}

  /** @param done the line that stays */
  async run<T>(title: string, work: (stage: Stage) => Promise<T>, done: (result: T) => string): Promise<T> {
    this.stop.throwIfAborted();
    const { terminal } = this;
    const began = this.now();
    const say = (text: string): void => terminal.progress(`  ${title}: ${text}`);
    say('…');
    const result = await work({ say });
    terminal.progress('');
    terminal.notice(`  ${seconds(this.now() - began)}  ${title}: ${done(result)}`);
    return result;
  }
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`.padStart(6);
