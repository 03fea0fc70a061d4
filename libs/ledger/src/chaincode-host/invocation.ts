import { common, msp, peer } from '@hyperledger/fabric-protos';
import { problem } from '@medshare/problems';

/** What a client wants to have run, as it signed it. */
export interface Invocation {
  readonly txId: string;
  readonly function: string;
  readonly args: unknown;
  /** The MSP that vouches for the client. */
  readonly mspId: string;
  /** Chosen by the client, ms since the epoch. */
  readonly time: number;
}

/** Reads a peer's TRANSACTION message. The peer has checked the client's signature and certificate. @throws `ledger.refused` */
export function readInvocation(message: peer.ChaincodeMessage): Invocation {
  const input = peer.ChaincodeInput.deserializeBinary(message.getPayload_asU8());
  const [name, args, ...more] = input.getArgsList_asU8();
  if (name === undefined || args === undefined || more.length > 0)
    throw problem('ledger.refused', { detail: 'a call has a function and one argument' });
  const signed = message.getProposal();
  if (signed === undefined) throw problem('ledger.refused', { detail: 'the call comes without its proposal' });
  const proposal = peer.Proposal.deserializeBinary(signed.getProposalBytes_asU8());
  const header = common.Header.deserializeBinary(proposal.getHeader_asU8());
  const channelHeader = common.ChannelHeader.deserializeBinary(header.getChannelHeader_asU8());
  const signatureHeader = common.SignatureHeader.deserializeBinary(header.getSignatureHeader_asU8());
  const time = channelHeader.getTimestamp();
  if (time === undefined) throw problem('ledger.clock', { detail: 'the proposal has no time' });
  return {
    txId: message.getTxid(),
    function: Buffer.from(name).toString('utf8'),
    args: parsed(args),
    mspId: msp.SerializedIdentity.deserializeBinary(signatureHeader.getCreator_asU8()).getMspid(),
    time: time.getSeconds() * 1000 + Math.floor(time.getNanos() / 1e6),
  };
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw problem('ledger.refused', { detail: 'the argument is no JSON' });
  }
}
