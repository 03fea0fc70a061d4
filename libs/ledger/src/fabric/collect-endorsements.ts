import { mspOf } from '../institution-of.js';
import { askOrganisation, type Proposal, type Reply } from './ask-organisation.js';
import type { Connection } from './connection.js';
import { deviations, judge, type Judgement } from './judge-replies.js';
import type { FabricParts } from './settings.js';

/**
 * Has every organisation execute a proposal, each asked by itself, through the own Gateway. Resolves as soon as enough of them agree:
 * one that deviates or is away neither stops nor slows a transaction that a quorum endorses, but is reported, also after the decision.
 */
export function collectEndorsements(
  { region, settings, onFinding }: FabricParts,
  connection: Connection,
  proposal: Proposal,
): Promise<Judgement> {
  const replies: Reply[] = [];
  return new Promise((resolve) => {
    let decided: Judgement | undefined;
    const take = (reply: Reply) => {
      replies.push(reply);
      const fresh = decided === undefined ? replies : [reply];
      if (decided === undefined) {
        decided = judge(replies, region.members.length - replies.length, region.endorsements);
        if (decided !== undefined) resolve(decided);
      }
      if (decided?.kind === 'agreed') deviations(fresh, decided.endorsed).forEach(onFinding);
    };
    for (const member of region.members) {
      const { id: institution } = member;
      const asked = { institution, mspId: mspOf(member), ms: settings.endorseMs };
      void askOrganisation(connection, proposal, asked).then(take);
    }
  });
}
