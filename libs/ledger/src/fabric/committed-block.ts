import { common, peer } from '@hyperledger/fabric-protos';
import type { Json } from '@medshare/chaincode-region';
import type { Region } from '@medshare/events/chain';
import { institutionOf } from '../institution-of.js';
import type { CommittedBlock, CommittedTransaction } from '../ledger.port.js';
import { validationCode } from './codes.js';
import { readBlock, type ReadCall, type ReadTransaction } from './read-block.js';

/** A stored block in the port's words: the calls of the chaincode, and of no other. */
export function toCommittedBlock(
  { region, chaincode }: { region: Region; chaincode: string },
  stored: { bytes: Uint8Array; codes: readonly number[] },
): CommittedBlock {
  const { number, hash, transactions } = readBlock(common.Block.deserializeBinary(stored.bytes));
  const calls = transactions.flatMap((one) => (one.call?.chaincode === chaincode ? [{ ...one, call: one.call }] : []));
  return {
    number,
    hash,
    // ordering services put no time into a block: what its last client said
    time: Math.max(0, ...calls.map(({ call }) => call.time)),
    transactions: calls.map((one) => transactionOf(region, one, stored.codes[one.index]!)),
  };
}

function transactionOf(
  region: Region,
  { txId, call }: ReadTransaction & { call: ReadCall },
  given: number,
): CommittedTransaction {
  const valid = given === peer.TxValidationCode.VALID;
  const [name, args] = call.args;
  return {
    txId,
    function: Buffer.from(name ?? []).toString('utf8'),
    args: json(args),
    creator: institutionOf(region, call.creator.getMspid()) ?? call.creator.getMspid(),
    time: call.time,
    code: validationCode(given),
    response: json(call.response),
    events: valid && call.event !== undefined ? (json(call.event) as unknown as CommittedTransaction['events']) : [],
  };
}

/** What is valid came out of the chaincode and is JSON; the rest is whatever its client wrote. */
function json(bytes: Uint8Array | undefined): Json {
  try {
    return JSON.parse(Buffer.from(bytes ?? []).toString('utf8')) as Json;
  } catch {
    return null;
  }
}
