import type { Clock } from '@medshare/clock';
import { asProblem, type Problem } from '@medshare/problems';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { checkIdentity, checkPeer, probeTls } from './check-access.js';
import { openConnection, type Connection } from './connection.js';
import type { FabricAccess, FabricSettings } from './settings.js';

export interface RenewalParts {
  readonly connection: Connection;
  readonly settings: Pick<FabricSettings, 'renewMs' | 'endorseMs'>;
  readonly clock: Pick<Clock, 'now'>;
  /** Reads the files again. @throws Problem when one cannot be read */
  readonly read: () => FabricAccess;
  readonly onRenewed: () => void;
  /** Told once for each content that was found and is not taken. */
  readonly onTrouble: (found: Problem) => void;
}

/**
 * Takes up certificates and keys that were exchanged in their files, without a restart. What does not fit together, has expired or is not
 * known to the peer is not taken: the old goes on. Two files change one after the other, so that only what is found twice is complained of.
 */
export class Renewal {
  readonly #parts: RenewalParts;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #refused: { readonly access: FabricAccess | undefined; times: number } | undefined;

  constructor(parts: RenewalParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running = this.#run(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(this.#parts.settings.renewMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await this.#look();
    }
  }

  async #look(): Promise<void> {
    const { connection, read, onRenewed } = this.#parts;
    let access: FabricAccess | undefined;
    try {
      access = read();
      if (isDeepStrictEqual(access, connection.access)) return void (this.#refused = undefined);
      await this.#check(access);
      connection.renew(access);
      this.#refused = undefined;
      onRenewed();
    } catch (caught) {
      this.#complain(access, asProblem(caught));
    }
  }

  /** As at a start, over a line of its own. */
  async #check(access: FabricAccess): Promise<void> {
    const { settings, clock } = this.#parts;
    checkIdentity(access, clock.now());
    await probeTls(access, settings.endorseMs);
    const line = openConnection(access);
    try {
      await checkPeer(line, settings.endorseMs);
    } finally {
      line.close();
    }
  }

  #complain(access: FabricAccess | undefined, found: Problem): void {
    const same = this.#refused !== undefined && isDeepStrictEqual(this.#refused.access, access);
    this.#refused = { access, times: same ? this.#refused!.times + 1 : 1 };
    if (this.#refused.times === 2) this.#parts.onTrouble(found);
  }
}
