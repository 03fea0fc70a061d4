import { status as codes } from '@grpc/grpc-js';
import { common, peer } from '@hyperledger/fabric-protos';
import { GatewayError } from './gateway-error.js';

/** What a client's signed proposal says. */
export interface ReadProposal {
  readonly signed: peer.SignedProposal;
  readonly header: common.Header;
  readonly payload: peer.ChaincodeProposalPayload;
  readonly channel: string;
  readonly chaincode: string;
  readonly transient: boolean;
}

/** @throws INVALID_ARGUMENT */
export function readProposal(signed: peer.SignedProposal | undefined, missing: string): ReadProposal {
  const refuse = (message: string) => new GatewayError(codes.INVALID_ARGUMENT, message);
  if (!signed || signed.getProposalBytes_asU8().length === 0) throw refuse(missing);
  try {
    const proposal = peer.Proposal.deserializeBinary(signed.getProposalBytes_asU8());
    const header = common.Header.deserializeBinary(proposal.getHeader_asU8());
    const payload = peer.ChaincodeProposalPayload.deserializeBinary(proposal.getPayload_asU8());
    const input = peer.ChaincodeInvocationSpec.deserializeBinary(payload.getInput_asU8());
    return {
      signed,
      header,
      payload,
      channel: common.ChannelHeader.deserializeBinary(header.getChannelHeader_asU8()).getChannelId(),
      chaincode: input.getChaincodeSpec()?.getChaincodeId()?.getName() ?? '',
      transient: payload.getTransientmapMap().getLength() > 0,
    };
  } catch (caught) {
    throw refuse(`failed to unpack transaction proposal: ${(caught as Error).message}`);
  }
}
