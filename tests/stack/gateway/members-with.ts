import type { Member } from './discover.js';
import type { Own } from './own.js';
import type { ReadProposal } from './read-proposal.js';

/** Every peer has them. */
const systemChaincodes = new Set(['_lifecycle', 'cscc', 'lscc', 'qscc']);

/** mspId → its peers that can run the chaincode; without an entry where there are none */
export async function endorsersByMsp(
  { discovery }: Own,
  { channel, chaincode }: Pick<ReadProposal, 'channel' | 'chaincode'>,
): Promise<Map<string, Member[]>> {
  const found = new Map<string, Member[]>();
  for (const [mspId, members] of await discovery.members(channel)) {
    const able = members.filter(({ chaincodes }) => systemChaincodes.has(chaincode) || chaincodes.has(chaincode));
    if (able.length > 0) found.set(mspId, able);
  }
  return found;
}
