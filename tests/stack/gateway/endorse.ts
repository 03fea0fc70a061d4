import { status as codes } from '@grpc/grpc-js';
import { gateway } from '@hyperledger/fabric-protos';
import { askPeer } from './ask-peer.js';
import type { Descriptor, Member } from './discover.js';
import { EndorsementPlan, preferring } from './endorsement-plan.js';
import { GatewayError, type Detail } from './gateway-error.js';
import { endorsersByMsp } from './members-with.js';
import type { Own } from './own.js';
import { prepareTransaction } from './prepare-transaction.js';
import { readProposal, type ReadProposal } from './read-proposal.js';

/** Gathers the endorsements that the chaincode's policy wants, or those of the organisations that the client names. */
export async function endorse(
  own: Own,
  request: gateway.EndorseRequest,
  deadline: number,
): Promise<gateway.EndorseResponse> {
  const proposal = readProposal(
    request.getProposedTransaction(),
    'the proposed transaction must contain a signed proposal',
  );
  const named = request.getEndorsingOrganizationsList();
  const plan =
    named.length > 0
      ? new EndorsementPlan(await ofOrganisations(own, proposal, named), askerOf(own, proposal, deadline))
      : await planFromFirst(own, proposal, deadline);
  const endorsed = await plan.collect();
  if (!endorsed)
    throw new GatewayError(
      codes.ABORTED,
      'failed to collect enough transaction endorsements, see attached details for more info',
      plan.details,
    );
  const response = new gateway.EndorseResponse();
  response.setPreparedTransaction(prepareTransaction(proposal, endorsed));
  return response;
}

const askerOf =
  (own: Own, { signed }: ReadProposal, deadline: number) =>
  ({ node }: Member) =>
    askPeer(node, signed, { deadline: own.within(deadline), own: node === own.peer });

/** One peer of each. @throws UNAVAILABLE */
async function ofOrganisations(own: Own, proposal: ReadProposal, wanted: readonly string[]): Promise<Descriptor> {
  const found = await endorsersByMsp(own, proposal);
  const missing = wanted.filter((mspId) => !found.has(mspId));
  if (missing.length > 0)
    throw new GatewayError(codes.UNAVAILABLE, `failed to find any endorsing peers for org(s): ${missing.join(', ')}`);
  return { groups: found, layouts: [new Map(wanted.map((mspId) => [mspId, 1]))] };
}

/** The own organisation endorses first; the others are asked only when it does. */
async function planFromFirst(own: Own, proposal: ReadProposal, deadline: number): Promise<EndorsementPlan> {
  const { channel, chaincode } = proposal;
  const ask = askerOf(own, proposal, deadline);
  const ours = (await endorsersByMsp(own, proposal)).get(own.mspId) ?? [];
  if (ours.length === 0 && proposal.transient)
    throw new GatewayError(
      codes.FAILED_PRECONDITION,
      "no endorsers found in the gateway's organization; retry specifying endorsing organization(s) to protect transient data",
    );
  if (ours.length === 0) return new EndorsementPlan(await own.discovery.descriptor(channel, chaincode), ask);
  const details: Detail[] = [];
  for (const member of ours) {
    const answered = await ask(member);
    if ('response' in answered) {
      const descriptor = await own.discovery.descriptor(channel, chaincode);
      const plan = new EndorsementPlan(preferring(descriptor, member), ask);
      plan.take(member, answered.response);
      return plan;
    }
    details.push({ address: member.node.address, mspId: member.node.mspId, message: answered.message });
  }
  throw new GatewayError(codes.ABORTED, 'failed to endorse transaction, see attached details for more info', details);
}
