import { region as shape, type Region } from '@medshare/events/chain';
import { encodeDocument, parseArgument, readDocument, sameDocument } from './documents.js';
import { keys } from './keys.js';
import { demand } from './refusal.js';
import type { Context, Json } from './state.js';

/** Genesis: writes the region's document once. The same document again changes nothing, another is refused. */
export async function init(context: Context, args: unknown): Promise<Json> {
  const region = parseArgument(shape, args);
  checkRegion(region);
  const present = await readDocument<Region>(context.state, keys.region);
  if (present === undefined) context.state.put(keys.region, encodeDocument(region));
  else demand(sameDocument(present, region), 'ledger.refused', 'the chain has another genesis');
  return { region: region.region };
}

/** What the shape alone cannot say: members differ, and quorums can be met. */
function checkRegion({ members, endorsements, viewQuorum, oprf }: Region): void {
  const ids = new Set(members.map(({ id }) => id));
  demand(ids.size === members.length, 'ledger.refused', 'two members have one id', 'members');
  const organisations = new Set(members.map(({ id, mspId = id }) => mspId));
  demand(organisations.size === members.length, 'ledger.refused', 'two members have one organisation', 'members');
  const met = endorsements <= members.length && viewQuorum <= members.length;
  demand(met, 'ledger.refused', 'a quorum is larger than the region', 'endorsements');
  const known = oprf.members.every((id) => ids.has(id));
  demand(known, 'ledger.refused', 'an evaluator is no member', 'oprf.members');
}
