import { problem } from '@medshare/problems';
import { faultPoint } from '@medshare/telemetry/fault-point';
import { canonicalText } from '../chain-signing.js';
import type { BlockHeader, OrderResponse, Transaction } from './messages.js';
import type { Peer } from './peer.js';
import type { EmbeddedSettings } from './settings.js';
import { checkAlone } from './validate-transactions.js';

interface Waiting {
  readonly id: string;
  readonly transaction: Transaction;
  readonly bytes: number;
  readonly done: Promise<OrderResponse>;
  readonly resolve: (response: OrderResponse) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * The first member's second duty: puts transactions into blocks. A block is signed, then committed to the orderer's own copy, and only
 * then served to anybody, so that a crash never shows two blocks of one number. The queue is in memory: who submitted asks again.
 */
export class Orderer {
  readonly #peer: Peer;
  readonly #settings: EmbeddedSettings;
  readonly #waiting = new Map<string, Waiting>();
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #cutting: Promise<void> | undefined;
  #stopped = false;

  constructor(peer: Peer, settings: EmbeddedSettings) {
    this.#peer = peer;
    this.#settings = settings;
  }

  async order(given: Transaction): Promise<OrderResponse> {
    const { region, signing, institution } = this.#peer.parts;
    if (this.#stopped) throw problem('service.stopping', { where: institution });
    const { id, transaction, code } = checkAlone(region, signing, given, 0);
    if (transaction === undefined || code !== undefined) {
      throw problem('ledger.refused', { where: institution, detail: `the transaction is ${code}` });
    }
    const known = await this.#peer.transaction(id);
    if (known !== undefined) return { txId: id, block: known.block };
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined) return waiting.done;
    if (this.#waiting.size >= this.#settings.queued) {
      throw problem('ledger.unavailable', { where: institution, detail: 'the queue of the orderer is full' });
    }
    return this.#enqueue(id, transaction);
  }

  /** Cuts nothing more; what waits is refused, and whoever submitted it asks again. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#cutting;
    for (const one of this.#waiting.values())
      one.reject(problem('service.stopping', { where: this.#peer.parts.institution }));
    this.#waiting.clear();
  }

  #enqueue(id: string, transaction: Transaction): Promise<OrderResponse> {
    const { promise, resolve, reject } = deferred<OrderResponse>();
    const bytes = canonicalText(transaction).length;
    this.#waiting.set(id, { id, transaction, bytes, done: promise, resolve, reject });
    this.#bytes += bytes;
    this.#schedule();
    return promise;
  }

  #schedule(): void {
    if (this.#stopped || this.#cutting !== undefined || this.#waiting.size === 0) return;
    const { blockTransactions, blockBytes, blockMs } = this.#settings;
    if (this.#waiting.size >= blockTransactions || this.#bytes >= blockBytes) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#startCut();
    } else this.#timer ??= setTimeout(() => this.#startCut(), blockMs);
  }

  #startCut(): void {
    this.#timer = undefined;
    this.#cutting = this.#cut(this.#take()).finally(() => {
      this.#cutting = undefined;
      this.#schedule();
    });
  }

  #take(): readonly Waiting[] {
    const taken: Waiting[] = [];
    let bytes = 0;
    for (const one of this.#waiting.values()) {
      const full = taken.length >= this.#settings.blockTransactions || bytes + one.bytes > this.#settings.blockBytes;
      if (full && taken.length > 0) break;
      taken.push(one);
      bytes += one.bytes;
    }
    return taken;
  }

  async #cut(taken: readonly Waiting[]): Promise<void> {
    try {
      const { number, text } = this.#makeBlock(taken.map(({ transaction }) => transaction));
      faultPoint('ledger.block.cut');
      await this.#peer.commit(text);
      for (const one of taken) one.resolve({ txId: one.id, block: number });
    } catch (caught) {
      const refused = problem('ledger.unavailable', {
        where: this.#peer.parts.institution,
        detail: 'the block was not kept',
        cause: caught,
      });
      for (const one of taken) one.reject(refused);
    } finally {
      for (const one of taken) {
        this.#waiting.delete(one.id);
        this.#bytes -= one.bytes;
      }
    }
  }

  #makeBlock(transactions: readonly Transaction[]): { number: number; text: string } {
    const { region, signing, privateKey, clock } = this.#peer.parts;
    const { head } = this.#peer;
    const header: BlockHeader = {
      version: 1,
      region: region.region,
      number: head.number + 1,
      previousHash: head.hash,
      time: Math.max(head.time, clock.now()),
      dataHash: signing.hash('transactions', transactions),
    };
    const signature = signing.sign(privateKey, 'block', header);
    return { number: header.number, text: canonicalText({ header, signature, transactions }) };
  }
}

function deferred<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
