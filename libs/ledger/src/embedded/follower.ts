import { asProblem } from '@medshare/problems';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OnFinding } from '../finding.js';
import type { Peer } from './peer.js';
import type { EmbeddedSettings } from './settings.js';
import type { Transport } from './transport.js';

/** Milliseconds before a member that failed to answer is asked again. */
const retryMs = 200;

/** Pulls blocks into a member's copy: from the orderer, and from the other members while it does not answer. */
export class Follower {
  readonly #peer: Peer;
  readonly #transport: Transport;
  readonly #settings: EmbeddedSettings;
  readonly #onFinding: OnFinding;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(peer: Peer, transport: Transport, settings: EmbeddedSettings, onFinding: OnFinding) {
    this.#peer = peer;
    this.#transport = transport;
    this.#settings = settings;
    this.#onFinding = onFinding;
  }

  start(): void {
    this.#running = this.#follow(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { region, institution } = this.#peer.parts;
    const sources = region.members.map(({ id }) => id).filter((id) => id !== institution);
    for (let turn = 0; !signal.aborted && sources.length > 0;) {
      const source = sources[turn % sources.length]!;
      const reached = await this.#pull(source, turn === 0, signal);
      turn = reached && turn === 0 ? 0 : (turn + 1) % sources.length;
      if (!reached) await sleep(retryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Other members than the orderer are asked without waiting, so that the orderer is tried again soon. */
  async #pull(source: string, wait: boolean, signal: AbortSignal): Promise<boolean> {
    try {
      const request = { from: this.#peer.head.number + 1, limit: 100, waitMs: wait ? this.#settings.pollMs : 0 };
      const { blocks } = await this.#transport.blocks(source, request, signal);
      for (const text of blocks) await this.#peer.commit(text);
      return true;
    } catch (caught) {
      const { code, detail, where } = asProblem(caught);
      if (code === 'ledger.tampered')
        this.#onFinding({ institution: source, code, detail: [where, detail].join(': ') });
      return false;
    }
  }
}
