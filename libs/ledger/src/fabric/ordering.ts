import { status } from '@grpc/grpc-js';
import { GatewayError } from '@hyperledger/fabric-gateway';
import { problem } from '@medshare/problems';
import { faultPoint } from '@medshare/telemetry/fault-point';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from './connection.js';
import type { Copy, Kept } from './copy.js';
import type { FabricSettings } from './settings.js';

/** Kept transactions brought in one round. */
const most = 100;
/** How long a word of the ordering service counts, ms. */
const freshMs = 2000;

/**
 * Brings signed transactions to the ordering service, through the own Gateway, and again until their commit is seen: what it has
 * acknowledged is not durable. The ledger keeps the first of two equal transactions, so that bringing one again changes nothing.
 */
export class Ordering {
  readonly #connection: Connection;
  readonly #copy: Copy;
  readonly #settings: FabricSettings;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #last: Kept | undefined;
  #word: { readonly at: number; readonly here: boolean } | undefined;

  constructor(connection: Connection, copy: Copy, settings: FabricSettings) {
    this.#connection = connection;
    this.#copy = copy;
    this.#settings = settings;
  }

  start(): void {
    this.#running = this.#run(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Keeps a transaction, durably, then brings it. @throws like {@link bring}; it is kept all the same */
  async keepAndBring(kept: Kept): Promise<void> {
    await this.#copy.keep(kept);
    faultPoint('ledger.kept');
    await this.bring(kept);
    faultPoint('ledger.ordered');
  }

  /** @throws `ledger.unavailable` when no orderer takes it */
  async bring(kept: Kept): Promise<void> {
    const { gateway } = this.#connection;
    try {
      const transaction = gateway.newSignedTransaction(kept.bytes, kept.signature);
      await transaction.submit({ deadline: Date.now() + this.#settings.submitMs });
      this.#last = kept;
      this.#note(true);
    } catch (caught) {
      const refused = caught instanceof GatewayError && caught.code === status.ABORTED;
      // who refuses is there
      this.#note(refused);
      if (refused) await this.#copy.countRefusal(kept.id);
      const detail = refused ? 'the ordering service refuses the transaction' : 'no orderer takes the transaction';
      throw problem('ledger.unavailable', { where: 'orderers', detail, cause: caught });
    }
  }

  /**
   * Whether the ordering service takes transactions. Where its last word is old, the last transaction that it took is brought again:
   * it stands in a block for a second time, as a duplicate without effect. Asked in emergencies, so seldom.
   */
  async isHere(): Promise<boolean> {
    if (this.#word !== undefined && performance.now() - this.#word.at < freshMs) return this.#word.here;
    if (this.#last !== undefined) await this.bring(this.#last).catch(() => undefined);
    return this.#word?.here ?? true;
  }

  #note(here: boolean): void {
    this.#word = { at: performance.now(), here };
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#round(signal).catch(() => undefined);
      await sleep(this.#settings.resubmitMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Where no orderer answers, the others wait for the next round too. */
  async #round(signal: AbortSignal): Promise<void> {
    for (const kept of await this.#copy.takeKept(this.#settings.resubmitMs, most)) {
      if (signal.aborted) return;
      await this.bring(kept).catch((caught: unknown) => {
        if (this.#word?.here === false) throw caught;
      });
    }
  }
}
