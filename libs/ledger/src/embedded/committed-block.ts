import type { Json } from '@medshare/chaincode-region';
import type { CommittedBlock, CommittedTransaction } from '../ledger.port.js';
import type { ChainSigning } from '../chain-signing.js';
import type { StoredBlock } from './chain-store.js';
import { block as shape, executed, proposal } from './messages.js';
import { z } from 'zod';

/** The part of a transaction that followers are told; the genesis has it too. */
const told = z.object({ proposal, outcome: executed });

/** Renders a stored block for followers. Transactions that cannot be read are left out: they had no effect. */
export function toCommittedBlock(signing: ChainSigning, stored: StoredBlock): CommittedBlock {
  const { header, transactions } = shape.parse(JSON.parse(stored.text));
  return {
    number: stored.number,
    hash: stored.hash,
    time: header.time,
    transactions: transactions.flatMap((given, index) =>
      toTransaction(signing, given, stored.codes[index] ?? 'malformed'),
    ),
  };
}

function toTransaction(
  signing: ChainSigning,
  given: unknown,
  code: CommittedTransaction['code'],
): CommittedTransaction[] {
  const parsed = told.safeParse(given);
  if (!parsed.success) return [];
  const { proposal: wish, outcome } = parsed.data;
  return [
    {
      txId: signing.hash('proposal', wish),
      function: wish.function,
      args: wish.args as Json,
      creator: wish.creator,
      time: wish.time,
      code,
      response: outcome.response as Json,
      events: code === 'valid' ? (outcome.events as { name: string; value: Json }[]) : [],
    },
  ];
}
