import { ledger, peer } from '@hyperledger/fabric-protos';
import type { Entry, State } from '@medshare/chaincode-region';
import type { Exchange } from './exchange.js';

const { Type } = peer.ChaincodeMessage;

/**
 * The world state of one transaction as its peer has it. Writes are kept until the function has ended, and go to the peer in the order of
 * keys: what a function that refuses wrote never leaves, and equal executions say equal things.
 */
export class PeerState implements State {
  readonly #exchange: Exchange;
  readonly #writes = new Map<string, Uint8Array | undefined>();
  /** What the peer could not answer, however the chaincode took it. */
  readonly faults: unknown[] = [];

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const question = new peer.GetState();
    question.setKey(key);
    const value = await this.#ask(Type.GET_STATE, question);
    // values are documents and never empty: this is how a peer says that there is none
    return value.length === 0 ? undefined : value;
  }

  put(key: string, value: Uint8Array): void {
    this.#writes.set(key, value);
  }

  del(key: string): void {
    this.#writes.set(key, undefined);
  }

  async range(start: string, end: string): Promise<readonly Entry[]> {
    const question = new peer.GetStateByRange();
    question.setStartkey(start);
    question.setEndkey(end);
    const entries: Entry[] = [];
    let page = peer.QueryResponse.deserializeBinary(await this.#ask(Type.GET_STATE_BY_RANGE, question));
    for (;;) {
      entries.push(...page.getResultsList().map(entryOf));
      if (!page.getHasMore()) break;
      const next = new peer.QueryStateNext();
      next.setId(page.getId());
      page = peer.QueryResponse.deserializeBinary(await this.#ask(Type.QUERY_STATE_NEXT, next));
    }
    const close = new peer.QueryStateClose();
    close.setId(page.getId());
    await this.#ask(Type.QUERY_STATE_CLOSE, close);
    return entries;
  }

  /** Tells the peer what was written. */
  async flush(): Promise<void> {
    const sorted = [...this.#writes].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [key, value] of sorted) {
      if (value === undefined) {
        const gone = new peer.DelState();
        gone.setKey(key);
        await this.#ask(Type.DEL_STATE, gone);
        continue;
      }
      const put = new peer.PutState();
      put.setKey(key);
      put.setValue(value);
      await this.#ask(Type.PUT_STATE, put);
    }
  }

  async #ask(type: Parameters<Exchange['ask']>[0], question: { serializeBinary(): Uint8Array }): Promise<Uint8Array> {
    try {
      return await this.#exchange.ask(type, question.serializeBinary());
    } catch (caught) {
      this.faults.push(caught);
      throw caught;
    }
  }
}

function entryOf(result: peer.QueryResultBytes): Entry {
  const found = ledger.queryresult.KV.deserializeBinary(result.getResultbytes_asU8());
  return { key: found.getKey(), value: found.getValue_asU8() };
}
