import { status as codes } from '@grpc/grpc-js';
import { gateway, peer } from '@hyperledger/fabric-protos';
import { askPeer } from './ask-peer.js';
import { GatewayError, type Detail } from './gateway-error.js';
import { endorsersByMsp } from './members-with.js';
import type { Own } from './own.js';
import { readProposal } from './read-proposal.js';

/** Asks one peer: the own organisation's, else the one with the most blocks. */
export async function evaluate(
  own: Own,
  request: gateway.EvaluateRequest,
  deadline: number,
): Promise<gateway.EvaluateResponse> {
  const unpackable = 'failed to unpack transaction proposal: ';
  const proposal = readProposal(request.getProposedTransaction(), `${unpackable}a signed proposal is required`);
  const { channel, chaincode, signed, transient } = proposal;
  if (channel === '') throw new GatewayError(codes.INVALID_ARGUMENT, `${unpackable}no channel id provided`);
  // an unknown channel is another answer here than it is to endorse
  await own.discovery.config(channel);
  const found = await endorsersByMsp(own, proposal);
  const named = request.getTargetOrganizationsList();
  const wanted = named.length > 0 ? named : transient ? [own.mspId] : [...found.keys()];
  const others = wanted.filter((mspId) => mspId !== own.mspId).flatMap((mspId) => found.get(mspId) ?? []);
  const members = [
    ...(wanted.includes(own.mspId) ? (found.get(own.mspId) ?? []) : []),
    ...others.sort((a, b) => b.height - a.height),
  ];
  if (members.length === 0)
    throw new GatewayError(
      codes.FAILED_PRECONDITION,
      `no peers available to evaluate chaincode ${chaincode} in channel ${channel}`,
    );
  const details: Detail[] = [];
  let last = codes.UNAVAILABLE;
  for (const { node } of members) {
    const answered = await askPeer(node, signed, { deadline: own.within(deadline), own: node === own.peer });
    if ('response' in answered) return evaluated(answered.response);
    const { code, message, retry } = answered;
    details.push({ address: node.address, mspId: node.mspId, message });
    if (!retry) throw new GatewayError(code, `evaluate call to endorser returned error: ${message}`, details);
    last = code;
  }
  throw new GatewayError(last, 'failed to evaluate transaction, see attached details for more info', details);
}

function evaluated(proposed: peer.ProposalResponse): gateway.EvaluateResponse {
  const response = new gateway.EvaluateResponse();
  response.setResult(proposed.getResponse());
  return response;
}
