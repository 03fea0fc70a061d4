import { definePeerRoute } from '@medshare/events';
import {
  blocksRequest,
  blocksResponse,
  endorseResponse,
  orderResponse,
  signedProposal,
  transaction,
} from './embedded/messages.js';

const megabyte = 1024 * 1024;

/** A member executes a proposal on its own copy and signs the outcome. Nothing is written. */
export const endorseRoute = definePeerRoute({
  name: 'ledger.endorse',
  path: '/peer/ledger/endorse',
  audience: 'region',
  idempotent: true,
  maxBytes: 2 * megabyte,
  request: signedProposal,
  response: endorseResponse,
});

/** The orderer puts an endorsed transaction into a block; the same transaction again gives the same block. */
export const orderRoute = definePeerRoute({
  name: 'ledger.order',
  path: '/peer/ledger/order',
  audience: 'region',
  idempotent: true,
  maxBytes: 4 * megabyte,
  request: transaction,
  response: orderResponse,
});

/** Blocks of a member's copy, from a number on; waits for the next one. */
export const blocksRoute = definePeerRoute({
  name: 'ledger.blocks',
  path: '/peer/ledger/blocks',
  audience: 'region',
  idempotent: true,
  maxBytes: 1024,
  maxResponseBytes: 32 * megabyte,
  request: blocksRequest,
  response: blocksResponse,
});
