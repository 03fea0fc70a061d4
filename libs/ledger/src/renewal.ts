import { asProblem, type Problem } from '@medshare/problems';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

export interface RenewalParts<Files> {
  /** Between two looks at the files, ms; default 30,000. */
  readonly everyMs?: number;
  /** Reads the files again. @throws Problem when one cannot be read */
  readonly read: () => Files;
  /** What is used now. */
  readonly used: () => Files;
  /** Checks what was found and uses it from then on. @throws Problem when it is not taken; the old goes on */
  readonly take: (files: Files) => Promise<void> | void;
  readonly onRenewed: () => void;
  /** Told once for each content that was found and is not taken. */
  readonly onTrouble: (found: Problem) => void;
}

const defaultEveryMs = 30_000;

/**
 * Takes up certificates and keys that were exchanged in their files, without a restart. What is not taken leaves the old in use. Two files
 * change one after the other, so that only what is found twice is complained of.
 */
export class Renewal<Files> {
  readonly #parts: RenewalParts<Files>;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #refused: { readonly files: Files | undefined; times: number } | undefined;

  constructor(parts: RenewalParts<Files>) {
    this.#parts = parts;
  }

  start(): this {
    this.#running = this.#run(this.#stop.signal);
    return this;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(this.#parts.everyMs ?? defaultEveryMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      await this.#look();
    }
  }

  async #look(): Promise<void> {
    const { read, used, take, onRenewed } = this.#parts;
    let files: Files | undefined;
    try {
      files = read();
      if (!isDeepStrictEqual(files, used())) {
        await take(files);
        onRenewed();
      }
      this.#refused = undefined;
    } catch (caught) {
      this.#complain(files, asProblem(caught));
    }
  }

  #complain(files: Files | undefined, found: Problem): void {
    const same = this.#refused !== undefined && isDeepStrictEqual(this.#refused.files, files);
    this.#refused = { files, times: same ? this.#refused!.times + 1 : 1 };
    if (this.#refused.times === 2) this.#parts.onTrouble(found);
  }
}
