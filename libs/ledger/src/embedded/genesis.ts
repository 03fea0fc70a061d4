import type { Chaincode } from '@medshare/chaincode-region';
import type { Region } from '@medshare/events/chain';
import { asProblem, isProblemCode, problem } from '@medshare/problems';
import { z } from 'zod';
import { canonicalText, type ChainSigning } from '../chain-signing.js';
import type { BlockCommit } from './chain-store.js';
import { block, executed, proposal as proposalShape, type Block, type Proposal } from './messages.js';
import { simulate } from './simulate.js';

export const noHash = 'A'.repeat(43);
const empty = { getMany: () => Promise.resolve(new Map()), range: () => Promise.resolve([]) };

/** The only transaction of block 0: `init` with the region's document, agreed on by configuration and not by endorsement. */
const genesisTransaction = z.strictObject({ proposal: proposalShape, outcome: executed });

const genesisProposal = (region: Region): Proposal => ({
  version: 1,
  region: region.region,
  creator: region.members[0]!.id,
  function: 'init',
  args: structuredClone(region),
  time: 0,
  nonce: 'A'.repeat(22),
});

/** Every member makes block 0 by itself from the region's document; those with another document have another chain. */
export async function makeGenesis(
  region: Region,
  chaincode: Chaincode,
  signing: ChainSigning,
): Promise<Omit<BlockCommit, 'signature'>> {
  const proposal = genesisProposal(region);
  const id = signing.hash('proposal', proposal);
  const outcome = await simulate(chaincode, empty, proposal, id);
  if (outcome.kind === 'refused') {
    throw problem(isProblemCode(outcome.code) ? 'config.invalid' : 'internal', {
      where: outcome.where,
      detail: outcome.detail,
    });
  }
  const transactions = [{ proposal, outcome }];
  const dataHash = signing.hash('transactions', transactions);
  const header = { version: 1 as const, region: region.region, number: 0, previousHash: noHash, time: 0, dataHash };
  const made: Block = { header, signature: null, transactions };
  const writes = outcome.rwset.writes.map((write) => ({ ...write, index: 0 }));
  const hash = signing.hash('block', header);
  return { number: 0, hash, time: 0, text: canonicalText(made), codes: ['valid'], ids: [id], writes };
}

/** Checks that a stored block 0 is of this region. @returns the writes of its transaction */
export function readGenesis(region: Region, text: string): z.infer<typeof genesisTransaction> {
  try {
    const transaction = genesisTransaction.parse(block.parse(JSON.parse(text)).transactions[0]);
    if (canonicalText(transaction.proposal) === canonicalText(genesisProposal(region))) return transaction;
  } catch (caught) {
    throw problem('ledger.tampered', {
      where: 'block 0',
      detail: 'the genesis cannot be read',
      cause: asProblem(caught),
    });
  }
  throw problem('config.invalid', { where: 'region', detail: 'the chain was begun with another region document' });
}
