import { amendment as shape, type Region } from '@medshare/events/chain';
import { checkRegion } from './check-region.js';
import { encodeDocument, hashDocument, parseArgument, readRegion, sameDocument, signatureHolds } from './documents.js';
import { keys } from './keys.js';
import { demand } from './refusal.js';
import type { Context, Json } from './state.js';

/**
 * Puts another document in the place of the region's: members that are there stay as they are, others join behind them, and rules may
 * change. Every member of the new document signs it, together with the hash of the one that it replaces. The same again changes nothing.
 */
export async function amend(context: Context, args: unknown): Promise<Json> {
  const { region: next, signatures } = parseArgument(shape, args);
  const present = await readRegion(context.state);
  if (sameDocument(present, next)) return { members: next.members.length };
  checkStays(present, next);
  checkRegion(next);
  const said = { replaces: hashDocument(present, 'region', present), region: next };
  for (const { id, keys: own } of next.members) {
    const given = signatures.find(({ institution }) => institution === id);
    demand(given !== undefined, 'ledger.refused', 'a member has not signed it', id);
    const holds = signatureHolds(present.suite, own.ledger, 'amendment', said, given.signature);
    demand(holds, 'access.forged', 'it is not signed by the ledger key', id);
  }
  context.state.put(keys.region, encodeDocument(next));
  return { members: next.members.length };
}

/** What was sealed, dealt and signed under the present document must go on being so. */
function checkStays(present: Region, next: Region): void {
  for (const key of ['region', 'suite', 'oprf', 'identifierSystems'] as const)
    demand(sameDocument(present[key], next[key]), 'ledger.refused', 'it cannot be amended', key);
  for (const [at, one] of present.members.entries())
    demand(sameDocument(one, next.members[at] ?? null), 'ledger.refused', 'a member stays as it is', one.id);
}
