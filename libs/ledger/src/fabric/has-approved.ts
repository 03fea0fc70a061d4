import { peer } from '@hyperledger/fabric-protos';
import type { Connection } from './connection.js';

/** @returns whether an organisation has approved the definition in effect, as the own peer knows; undefined when it cannot say */
export async function hasApproved(
  { gateway, access }: Connection,
  mspId: string,
  ms: number,
): Promise<boolean | undefined> {
  const question = new peer.lifecycle.QueryChaincodeDefinitionArgs();
  question.setName(access.chaincode);
  try {
    const contract = gateway.getNetwork(access.channel).getContract('_lifecycle');
    const proposal = contract.newProposal('QueryChaincodeDefinition', { arguments: [question.serializeBinary()] });
    const answer = await proposal.evaluate({ deadline: Date.now() + ms });
    const found = peer.lifecycle.QueryChaincodeDefinitionResult.deserializeBinary(answer);
    return new Map(found.getApprovalsMap().toObject(false) as [string, boolean][]).get(mspId);
  } catch {
    return undefined;
  }
}
