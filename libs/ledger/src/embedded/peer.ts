import type { Chaincode } from '@medshare/chaincode-region';
import type { Clock } from '@medshare/clock';
import type { Region } from '@medshare/events/chain';
import { problem } from '@medshare/problems';
import { faultPoint } from '@medshare/telemetry/fault-point';
import type { ChainSigning } from '../chain-signing.js';
import type { ChainStore, StoredTransaction } from './chain-store.js';
import { checkPlace, isFault, readBlock, tampered } from './check-block.js';
import { Gate } from '../gate.js';
import { makeGenesis, readGenesis } from './genesis.js';
import {
  signedProposal,
  type BlocksRequest,
  type BlocksResponse,
  type EndorseResponse,
  type Proposal,
  type SignedProposal,
} from './messages.js';
import { simulate } from './simulate.js';
import { validateTransactions } from './validate-transactions.js';
import { Waiters } from '../waiters.js';

export interface PeerParts {
  readonly institution: string;
  readonly region: Region;
  readonly signing: ChainSigning;
  /** The member's ledger key. */
  readonly privateKey: Uint8Array;
  readonly chaincode: Chaincode;
  readonly chaincodeHash: string;
  readonly store: ChainStore;
  readonly clock: Pick<Clock, 'now'>;
}

type Head = { readonly number: number; readonly hash: string; readonly time: number };

/** Bytes of blocks in one answer. */
const pageBytes = 8 * 1024 * 1024;
/** Executions that a block may spoil before the next block is kept waiting. */
const freeExecutions = 5;

/** One member's copy of the chain: executes proposals on it, and takes up blocks that it has checked itself. */
export class Peer {
  readonly parts: PeerParts;
  readonly committed = new Waiters();
  readonly #gate = new Gate();
  #head: Head | undefined;
  #storing: Promise<void> | undefined;
  #stopped = false;

  constructor(parts: PeerParts) {
    this.parts = parts;
  }

  /** Writes the genesis if the store is empty; refuses a store that belongs to another region document. */
  async start(): Promise<void> {
    const { store, region, chaincode, signing } = this.parts;
    this.#head = await store.head();
    if (this.#head === undefined) {
      const genesis = await makeGenesis(region, chaincode, signing);
      await store.commit({ ...genesis, signature: this.#signCommit(genesis) });
      this.#head = genesis;
    }
    const [first] = await store.blocks(0, 1, pageBytes);
    readGenesis(region, first?.text ?? '');
  }

  /** Whoever waits for a block is told to look elsewhere; a block that is being committed is finished. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.committed.wake();
    await this.#gate.run(() => Promise.resolve());
  }

  get head(): Head {
    if (this.#head === undefined) throw problem('ledger.unavailable', { detail: 'the peer has not started' });
    return this.#head;
  }

  /**
   * The last block while none is being stored. What was read between two equal answers is the state at that block: a block that is being
   * stored shows in the state before its commit is known here, and a reading labelled with the block before would look like a lie.
   */
  async settledHead(): Promise<Head> {
    while (this.#storing !== undefined) await this.#storing;
    return this.head;
  }

  /** Executes a proposal and signs the outcome together with the height it was executed at. */
  async endorse(given: SignedProposal): Promise<EndorseResponse> {
    const { proposal } = this.#checkProposal(given);
    const { signing, institution, privateKey, chaincodeHash } = this.parts;
    const txId = signing.hash('proposal', proposal);
    const { outcome, head } = await this.#execute(proposal, txId);
    const content = {
      version: 1 as const,
      institution,
      proposal: txId,
      outcome: signing.hash('outcome', outcome),
      chaincode: chaincodeHash,
      height: head.number,
      head: head.hash,
    };
    return { endorsement: { ...content, signature: signing.sign(privateKey, 'endorsement', content) }, outcome };
  }

  async blocks({ from, limit, waitMs }: BlocksRequest, signal?: AbortSignal): Promise<BlocksResponse> {
    if (from > this.head.number && !this.#stopped) await this.committed.wait(waitMs, signal);
    if (this.#stopped) throw problem('service.stopping', { where: this.parts.institution });
    if (from > this.head.number) return { blocks: [] };
    const found = await this.parts.store.blocks(from, limit, pageBytes);
    return { blocks: found.map(({ text }) => text) };
  }

  /**
   * Checks a block wholly and takes it up in one durable transaction. A block that it already has is passed over.
   * @throws `ledger.tampered` naming the block and what is wrong with it
   */
  commit(text: string): Promise<void> {
    return this.#gate.run(() => this.#commit(text));
  }

  async transaction(id: string): Promise<StoredTransaction | undefined> {
    return (await this.parts.store.transactions([id])).get(id);
  }

  #checkProposal(given: SignedProposal): SignedProposal {
    const { signing, region, clock, institution } = this.parts;
    const parsed = signedProposal.safeParse(given);
    if (!parsed.success || parsed.data.proposal.region !== region.region) {
      throw problem('ledger.refused', { where: institution, detail: 'the proposal does not have the right shape' });
    }
    const { proposal, signature } = parsed.data;
    if (!signing.holds(proposal.creator, 'proposal', proposal, signature)) {
      throw problem('access.forged', { where: institution, detail: 'the proposal is not signed by its creator' });
    }
    if (Math.abs(proposal.time - clock.now()) > region.clockSkewMs) {
      throw problem('ledger.clock', {
        where: institution,
        detail: `the time differs by more than ${region.clockSkewMs} ms`,
      });
    }
    return parsed.data;
  }

  /** A block that comes in between would mix two heights, so it is executed again; when blocks keep coming, the next one waits. */
  async #execute(proposal: Proposal, txId: string) {
    const { chaincode, store } = this.parts;
    for (let attempt = 0; attempt < freeExecutions; attempt++) {
      const head = await this.settledHead();
      const outcome = await simulate(chaincode, store, proposal, txId);
      if ((await this.settledHead()) === head) return { outcome, head };
    }
    return this.#gate.run(async () => ({
      outcome: await simulate(chaincode, store, proposal, txId),
      head: this.head,
    }));
  }

  async #commit(text: string): Promise<void> {
    const { region, signing, store } = this.parts;
    const read = readBlock(region, signing, text);
    if (isFault(read)) throw tampered(this.head.number + 1, read);
    const { block, hash } = read;
    const { number, time } = block.header;
    if (number <= this.head.number) return;
    const fault = checkPlace(block, this.head);
    if (fault !== undefined) throw tampered(number, fault);
    const judged = await validateTransactions(region, signing, store, number, block.transactions);
    const commit = { number, hash, time, text, ...judged };
    const stored = this.#store({ ...commit, signature: this.#signCommit(commit) });
    this.#storing = stored.catch(() => undefined);
    await stored.finally(() => (this.#storing = undefined));
    this.committed.wake();
  }

  /** A connection that breaks during COMMIT leaves it open whether the block is there: the store is asked. */
  async #store(commit: Parameters<ChainStore['commit']>[0]): Promise<void> {
    const { store } = this.parts;
    try {
      await store.commit(commit);
      this.#head = commit;
      faultPoint('ledger.block.done');
    } catch (caught) {
      this.#head = (await store.head()) ?? this.#head;
      if (this.#head?.hash !== commit.hash) throw caught;
    }
  }

  #signCommit({ number, hash, codes }: { number: number; hash: string; codes: readonly string[] }): string {
    const { signing, institution, privateKey } = this.parts;
    return signing.sign(privateKey, 'commit', { institution, number, hash, codes });
  }
}
