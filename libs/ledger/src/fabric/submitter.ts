import { peer } from '@hyperledger/fabric-protos';
import type { Json } from '@medshare/chaincode-region';
import type { Random } from '@medshare/clock';
import { Turns } from '@medshare/clock/turns';
import { canonical } from '@medshare/crypto';
import { asProblem, problem } from '@medshare/problems';
import { faultPoint } from '@medshare/telemetry/fault-point';
import type { Submitted } from '../ledger.port.js';
import { Submissions } from '../submissions.js';
import type { Proposal } from './ask-organisation.js';
import { isRaceLost, validationCode } from './codes.js';
import { collectEndorsements } from './collect-endorsements.js';
import type { Connection } from './connection.js';
import type { CopiedTransaction, Copy, Kept } from './copy.js';
import { mergeEndorsed, type Endorsed } from './endorsed.js';
import type { Follower } from './follower.js';
import type { Ordering } from './ordering.js';
import type { FabricParts } from './settings.js';

/** Pause before a transaction that no orderer took is brought again, ms. */
const orderPauseMs = 300;

export interface SubmitterParts extends FabricParts {
  readonly connection: Connection;
  readonly copy: Copy;
  readonly follower: Follower;
  readonly ordering: Ordering;
  readonly random: Pick<Random, 'bytes'>;
}

/** Takes one function call through endorsement, ordering and the institution's own commit. */
export class Submitter {
  readonly #parts: SubmitterParts;
  readonly #submissions: Submissions;
  readonly #turns: Turns;

  constructor(parts: SubmitterParts) {
    this.#parts = parts;
    this.#submissions = new Submissions(parts.settings, parts.random);
    this.#turns = new Turns(parts.settings.proposals);
  }

  submit(fn: string, args: Json): Promise<Submitted> {
    return this.#submissions.run(() => this.#attempt(fn, args));
  }

  close(): void {
    this.#submissions.close();
  }

  /** @returns undefined if the transaction lost a race */
  async #attempt(fn: string, args: Json): Promise<Submitted | undefined> {
    const { proposal, endorsed } = await this.#endorse(fn, args);
    const { txId } = proposal;
    faultPoint('ledger.endorsed');
    const kept = await this.#sign(proposal, endorsed);
    const { code, block } = await this.#commit(kept);
    if (code === peer.TxValidationCode.VALID) {
      const response = JSON.parse(Buffer.from(endorsed[0]!.payload).toString('utf8')) as Json;
      return { txId, block, response };
    }
    if (isRaceLost(code)) return undefined;
    const detail = `the transaction was ordered as ${validationCode(code)} (${code})`;
    throw problem('ledger.tampered', { where: `block ${block}`, detail });
  }

  async #endorse(fn: string, args: Json): Promise<{ proposal: Proposal; endorsed: readonly Endorsed[] }> {
    const { lagRetries, lagPauseMs } = this.#parts.settings;
    for (let attempt = 0; ; attempt++) {
      const { proposal, judgement } = await this.#turns.take(() => this.#put(fn, args));
      if (judgement.kind === 'refused') throw judgement.problem;
      if (judgement.kind === 'agreed') return { proposal, endorsed: judgement.endorsed };
      if (attempt >= lagRetries) throw judgement.blame;
      await this.#submissions.pause(lagPauseMs);
    }
  }

  /** The proposal's time is that of its turn: one that waited long would be refused by clocks. */
  async #put(fn: string, args: Json) {
    const proposal = await this.#propose(fn, args);
    return { proposal, judgement: await collectEndorsements(this.#parts, this.#parts.connection, proposal) };
  }

  async #propose(fn: string, args: Json): Promise<Proposal> {
    const { gateway, access, sign } = this.#parts.connection;
    const contract = gateway.getNetwork(access.channel).getContract(access.chaincode);
    const proposal = contract.newProposal(fn, { arguments: [canonical(args)] });
    const signature = await sign(proposal.getDigest());
    return { txId: proposal.getTransactionId(), bytes: proposal.getBytes(), signature, sign };
  }

  async #sign({ txId, sign }: Proposal, endorsed: readonly Endorsed[]): Promise<Kept> {
    const bytes = mergeEndorsed(endorsed);
    const digest = this.#parts.connection.gateway.newTransaction(bytes).getDigest();
    return { id: txId, bytes, signature: await sign(digest) };
  }

  /** Whoever waits here gives up in time; the transaction itself is kept and goes on. */
  async #commit(kept: Kept): Promise<CopiedTransaction> {
    const { settings, ordering } = this.#parts;
    const deadline = AbortSignal.any([AbortSignal.timeout(settings.commitMs), this.#submissions.closed]);
    let last: unknown;
    for (let first = true; !deadline.aborted; first = false) {
      try {
        await (first ? ordering.keepAndBring(kept) : ordering.bring(kept));
        return await this.#seen(kept.id, deadline);
      } catch (caught) {
        last = caught;
        const { code } = asProblem(caught);
        if (code !== 'ledger.unavailable') throw caught;
      }
      const committed = await this.#parts.copy.transaction(kept.id);
      if (committed !== undefined) return committed;
      await this.#submissions.pause(orderPauseMs);
    }
    throw problem('ledger.unavailable', { where: 'orderers', detail: 'no commit was seen in time', cause: last });
  }

  async #seen(txId: string, deadline: AbortSignal): Promise<CopiedTransaction> {
    const { follower, copy, institution } = this.#parts;
    while (!deadline.aborted) {
      const woken = follower.taken.wait(1000, deadline);
      const committed = await copy.transaction(txId);
      if (committed !== undefined) return committed;
      await woken;
    }
    const detail = 'the own peer does not tell the block';
    throw problem('ledger.unavailable', { where: institution, detail });
  }
}
