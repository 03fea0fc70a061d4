import type { Json } from '@medshare/chaincode-region';
import type { Random } from '@medshare/clock';
import { canonical, toBase64url } from '@medshare/crypto';
import { asProblem, problem } from '@medshare/problems';
import { faultPoint } from '@medshare/telemetry/fault-point';
import type { Submitted } from '../ledger.port.js';
import { Submissions } from '../submissions.js';
import type { StoredTransaction } from './chain-store.js';
import { collectEndorsements, type EndorsersParts } from './collect-endorsements.js';
import type { Proposal, SignedProposal, Transaction } from './messages.js';
import type { EmbeddedSettings } from './settings.js';

/** Pause before members at different heights are asked again, ms. */
const lagPauseMs = 20;
/** Pause before an endorsed transaction is brought to the orderer again, ms. */
const orderPauseMs = 150;

export interface SubmitterParts extends EndorsersParts {
  readonly random: Pick<Random, 'bytes'>;
  readonly settings: EmbeddedSettings;
  /** Brings a transaction to the orderer, wherever it is. */
  readonly order: (transaction: Transaction, signal: AbortSignal) => Promise<unknown>;
}

/** Takes one function call through endorsement, ordering and the institution's own commit. */
export class Submitter {
  readonly #parts: SubmitterParts;
  readonly #submissions: Submissions;

  constructor(parts: SubmitterParts) {
    this.#parts = parts;
    this.#submissions = new Submissions(parts.settings, parts.random);
  }

  submit(fn: string, args: Json): Promise<Submitted> {
    return this.#submissions.run(() => this.#attempt(fn, args));
  }

  close(): void {
    this.#submissions.close();
  }

  /** @returns undefined if the transaction lost a race */
  async #attempt(fn: string, args: Json): Promise<Submitted | undefined> {
    const { txId, transaction } = await this.#endorse(fn, args);
    faultPoint('ledger.endorsed');
    const { code, block } = await this.#commit(txId, transaction);
    if (code === 'valid') return { txId, block, response: transaction.outcome.response as Json };
    if (code === 'mvcc-conflict' || code === 'phantom-read') return undefined;
    throw problem('ledger.tampered', { where: `block ${block}`, detail: `the transaction was ordered as ${code}` });
  }

  async #endorse(fn: string, args: Json): Promise<{ txId: string; transaction: Transaction }> {
    for (let attempt = 0; ; attempt++) {
      const signed = this.#propose(fn, args);
      const judgement = await collectEndorsements(this.#parts, signed);
      if (judgement.kind === 'refused') throw judgement.problem;
      if (judgement.kind === 'agreed') {
        const { outcome, endorsements } = judgement;
        const txId = this.#parts.peer.parts.signing.hash('proposal', signed.proposal);
        return { txId, transaction: { ...signed, outcome, endorsements: [...endorsements] } };
      }
      if (attempt >= this.#parts.settings.lagRetries) {
        throw problem('ledger.unavailable', {
          where: judgement.institutions.join(','),
          detail: 'members stay at different heights',
        });
      }
      await this.#submissions.pause(lagPauseMs);
    }
  }

  #propose(fn: string, args: Json): SignedProposal {
    const { institution, region, clock, signing, privateKey } = this.#parts.peer.parts;
    const proposal: Proposal = {
      version: 1,
      region: region.region,
      creator: institution,
      function: fn,
      args: JSON.parse(canonical(args)) as Proposal['args'],
      time: clock.now(),
      nonce: toBase64url(this.#parts.random.bytes(16)),
    };
    return { proposal, signature: signing.sign(privateKey, 'proposal', proposal) };
  }

  /** The same signed transaction is brought again until its commit is seen: an answer of the orderer that is lost loses nothing. */
  async #commit(txId: string, transaction: Transaction): Promise<StoredTransaction> {
    const { peer, settings, order } = this.#parts;
    const deadline = AbortSignal.any([AbortSignal.timeout(settings.commitMs), this.#submissions.closed]);
    let last: unknown;
    while (!deadline.aborted) {
      try {
        await order(transaction, deadline);
        faultPoint('ledger.ordered');
        return await this.#seen(txId, deadline);
      } catch (caught) {
        last = caught;
        if (asProblem(caught).code === 'ledger.refused') throw caught;
      }
      const committed = await peer.transaction(txId).catch(() => undefined);
      if (committed !== undefined) return committed;
      await this.#submissions.pause(orderPauseMs);
    }
    const orderer = peer.parts.region.members[0]!.id;
    throw problem('ledger.unavailable', { where: orderer, detail: 'no commit was seen in time', cause: last });
  }

  async #seen(txId: string, deadline: AbortSignal): Promise<StoredTransaction> {
    const { peer } = this.#parts;
    while (!deadline.aborted) {
      const woken = peer.committed.wait(1000, deadline);
      const committed = await peer.transaction(txId);
      if (committed !== undefined) return committed;
      await woken;
    }
    throw problem('ledger.unavailable', {
      where: peer.parts.institution,
      detail: 'the own copy does not reach the block',
    });
  }
}
