import type { Region } from '@medshare/events/chain';
import { demand } from './refusal.js';

/** What the shape alone cannot say: members differ, and quorums can be met. */
export function checkRegion({ members, endorsements, viewQuorum, oprf }: Region): void {
  const ids = new Set(members.map(({ id }) => id));
  demand(ids.size === members.length, 'ledger.refused', 'two members have one id', 'members');
  const organisations = new Set(members.map(({ id, mspId = id }) => mspId));
  demand(organisations.size === members.length, 'ledger.refused', 'two members have one organisation', 'members');
  const met = endorsements <= members.length && viewQuorum <= members.length;
  demand(met, 'ledger.refused', 'a quorum is larger than the region', 'endorsements');
  const known = oprf.members.every((id) => ids.has(id));
  demand(known, 'ledger.refused', 'an evaluator is no member', 'oprf.members');
}
