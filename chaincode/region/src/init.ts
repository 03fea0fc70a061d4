import { region as shape, type Region } from '@medshare/events/chain';
import { checkRegion } from './check-region.js';
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
