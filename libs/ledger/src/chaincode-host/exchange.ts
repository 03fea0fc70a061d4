import { peer } from '@hyperledger/fabric-protos';
import { problem } from '@medshare/problems';

export type MessageType = peer.ChaincodeMessage.TypeMap[keyof peer.ChaincodeMessage.TypeMap];

/** A message of this transaction to the peer. */
export type Say = (type: MessageType, payload: Uint8Array) => void;

interface Asked {
  readonly resolve: (payload: Uint8Array) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * What one running transaction asks its peer. A peer drops a second question of a transaction while the first is open
 * (core/chaincode/handler.go, registerTxid), so questions wait for each other, in the order in which they are put.
 */
export class Exchange {
  readonly #say: Say;
  readonly #queue: { type: MessageType; payload: Uint8Array; asked: Asked }[] = [];
  #open: Asked | undefined;
  #ended: unknown;

  constructor(say: Say) {
    this.#say = say;
  }

  /** @throws `ledger.unavailable` when the peer cannot answer, or has gone */
  ask(type: MessageType, payload: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      this.#queue.push({ type, payload, asked: { resolve, reject } });
      this.#next();
    });
  }

  /** Takes the peer's answer to the open question; one that nobody asked for is passed over. */
  answer(message: peer.ChaincodeMessage): void {
    const open = this.#open;
    this.#open = undefined;
    if (message.getType() === peer.ChaincodeMessage.Type.RESPONSE) open?.resolve(message.getPayload_asU8());
    else open?.reject(problem('ledger.unavailable', { detail: 'the peer could not read its state' }));
    this.#next();
  }

  /** Nobody will answer any more. */
  end(reason: unknown): void {
    this.#ended ??= reason;
    const left = [this.#open, ...this.#queue.splice(0).map(({ asked }) => asked)];
    this.#open = undefined;
    for (const one of left) one?.reject(reason);
  }

  #next(): void {
    if (this.#open !== undefined) return;
    const next = this.#queue.shift();
    if (next === undefined) return;
    this.#open = next.asked;
    this.#say(next.type, next.payload);
  }
}
