import { peer, type common } from '@hyperledger/fabric-protos';
import { asProblem, problem, type Problem } from '@medshare/problems';
import { faultPoint } from '@medshare/telemetry/fault-point';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChainSigning } from '../chain-signing.js';
import { Waiters } from '../waiters.js';
import type { Connection } from './connection.js';
import type { Copy } from './copy.js';
import { isUnreadable, readBlock, type ReadBlock } from './read-block.js';
import type { FabricParts } from './settings.js';

export interface FollowerParts extends FabricParts {
  readonly connection: Connection;
  readonly copy: Copy;
  readonly signing: ChainSigning;
  /** The institution's ledger key. */
  readonly privateKey: Uint8Array;
  /** Told when the peer's blocks cannot be had; it is asked again. */
  readonly onTrouble: (found: Problem) => void;
}

/** Takes the own peer's blocks into the copy, from the first that it lacks on; each is checked and signed for. */
export class Follower {
  readonly taken = new Waiters();
  readonly #parts: FollowerParts;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running = this.#run(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.taken.wake();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
      } catch (caught) {
        if (signal.aborted) return;
        this.#tell(caught);
      }
      await sleep(this.#parts.settings.followPauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #tell(caught: unknown): void {
    const { institution, onFinding, onTrouble } = this.#parts;
    const found = asProblem(caught);
    const { code, where, detail } = found;
    if (code === 'ledger.tampered') onFinding({ institution, code, detail: [where, detail].join(': ') });
    onTrouble(code === 'internal' ? problem('ledger.unavailable', { where: institution, cause: caught }) : found);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { connection, copy } = this.#parts;
    const from = ((await copy.head())?.number ?? -1) + 1;
    const { gateway, access, replaced } = connection;
    const blocks = await gateway.getNetwork(access.channel).getBlockEvents({ startBlock: BigInt(from) });
    const over = AbortSignal.any([signal, replaced]);
    const close = () => blocks.close();
    over.addEventListener('abort', close, { once: true });
    try {
      // what ended while the line was being opened rings no more; a line that is closed ends in an error, which only its reader takes
      if (over.aborted) queueMicrotask(close);
      for await (const block of blocks) {
        if (over.aborted) return;
        await this.#take(block);
      }
    } catch (caught) {
      // that the line was closed for another is no trouble
      if (!replaced.aborted) throw caught;
    } finally {
      over.removeEventListener('abort', close);
      blocks.close();
    }
  }

  async #take(given: common.Block): Promise<void> {
    const { copy, connection, signing, privateKey, institution } = this.#parts;
    const block = readBlock(given);
    const { number, hash, codes } = block;
    const head = await copy.head();
    // another replica may have been faster
    if (head !== undefined && number <= head.number) return;
    if (number !== (head?.number ?? -1) + 1)
      throw problem('ledger.unavailable', { detail: `the peer told block ${number} after ${head?.number}` });
    if (head !== undefined && block.previousHash !== head.hash)
      throw problem('ledger.tampered', {
        where: `block ${number}`,
        detail: 'it does not follow the copy’s last block',
      });
    const signature = signing.sign(privateKey, 'commit', { institution, number, hash, codes: [...codes] });
    const isNew = await copy.take(block, connection.access.chaincode, signature);
    faultPoint('ledger.block.done');
    if (isNew) this.#tellUnreadable(block);
    this.taken.wake();
  }

  #tellUnreadable({ number, transactions, codes }: ReadBlock): void {
    const { institution, onFinding } = this.#parts;
    for (const one of transactions) {
      if (codes[one.index] !== peer.TxValidationCode.VALID || !isUnreadable(one)) continue;
      const detail = `block ${number}: transaction ${one.index} is valid to the peer, and cannot be read`;
      onFinding({ institution, code: 'ledger.tampered', detail });
    }
  }
}
