import { status as codes, type ServiceError } from '@grpc/grpc-js';
import { peer } from '@hyperledger/fabric-protos';
import { GatewayError } from './gateway-error.js';
import type { Own } from './own.js';
import { ownSeek } from './own-messages.js';
import { committed, type Committed } from './read-ledger.js';

/** verdicts kept for those who ask after the commit; the ledger has the others */
const remembered = 20_000;
const againMs = 250;

interface Waiter {
  readonly settle: (verdict: Committed) => void;
  readonly fail: (why: GatewayError) => void;
}

/** Follows one channel's filtered blocks at the own peer, and tells who waits for a transaction. */
export class CommitWatch {
  readonly #own: Own;
  readonly #channel: string;
  readonly #verdicts = new Map<string, Committed>();
  readonly #waiting = new Map<string, Set<Waiter>>();
  #next: number | 'newest' = 'newest';

  constructor(own: Own, channel: string) {
    this.#own = own;
    this.#channel = channel;
    this.#follow();
  }

  /** Resolves when the transaction is in a block. @param signal ends the wait */
  async verdict(txId: string, signal: AbortSignal): Promise<Committed> {
    const known = this.#verdicts.get(txId);
    if (known) return known;
    return new Promise((done, failed) => {
      const waiters = this.#waiting.get(txId) ?? new Set();
      this.#waiting.set(txId, waiters);
      const leave = () => {
        waiters.delete(waiter);
        if (waiters.size === 0) this.#waiting.delete(txId);
      };
      const waiter: Waiter = { settle: (verdict) => (leave(), done(verdict)), fail: (why) => (leave(), failed(why)) };
      waiters.add(waiter);
      signal.addEventListener('abort', () => waiter.fail(new GatewayError(codes.CANCELLED, 'context canceled')));
      // it may have been committed before: asked after waiting began, so that nothing falls between
      committed(this.#own, this.#channel, txId).then(
        (verdict) => verdict && waiter.settle(verdict),
        (why: GatewayError) => waiter.fail(why),
      );
    });
  }

  #follow(): void {
    const stream = this.#own.peer.deliver.deliverFiltered();
    let over = false;
    const again = (why: string) => {
      if (over) return;
      over = true;
      stream.removeAllListeners('data');
      stream.cancel();
      // a real Gateway is gone with its peer: so are the calls that wait for it
      this.#failAll(new GatewayError(codes.UNAVAILABLE, why));
      setTimeout(() => this.#follow(), againMs);
    };
    stream.on('error', ({ details }: ServiceError) => again(details));
    stream.on('data', (answer: peer.DeliverResponse) => {
      const block = answer.getFilteredBlock();
      if (block) this.#take(block);
      else
        stream.destroy(new GatewayError(codes.UNAVAILABLE, `the peer ends its blocks: status ${answer.getStatus()}`));
    });
    stream.on('end', () => stream.destroy(new GatewayError(codes.UNAVAILABLE, 'the peer ends its blocks')));
    ownSeek(this.#own.identity, this.#channel, this.#next).then(
      (seek) => stream.write(seek),
      (caught: Error) => stream.destroy(caught),
    );
  }

  #take(block: peer.FilteredBlock): void {
    const number = block.getNumber();
    this.#next = number + 1;
    for (const each of block.getFilteredTransactionsList()) {
      const [txId, code] = [each.getTxid(), each.getTxValidationCode()];
      // the first verdict stands, in the ledger too
      if (code === peer.TxValidationCode.DUPLICATE_TXID || this.#verdicts.has(txId)) continue;
      const verdict = { code, block: number };
      this.#verdicts.set(txId, verdict);
      for (const waiter of [...(this.#waiting.get(txId) ?? [])]) waiter.settle(verdict);
    }
    for (const oldest of this.#verdicts.keys()) {
      if (this.#verdicts.size <= remembered) break;
      this.#verdicts.delete(oldest);
    }
  }

  #failAll(why: GatewayError): void {
    for (const waiters of [...this.#waiting.values()]) for (const waiter of [...waiters]) waiter.fail(why);
  }
}
