import { consentAnchor as shape, type ConsentAnchor } from '@medshare/events/chain';
import { memberOf } from './check-certificate.js';
import { encodeDocument, parseArgument, readRegion } from './documents.js';
import { keys } from './keys.js';
import { demand } from './refusal.js';
import type { Context, Json } from './state.js';

/** Anchors a version of a consent by its salted commitment. The first time stays; the same commitment again changes nothing. */
export async function consent(context: Context, args: unknown): Promise<Json> {
  const given: ConsentAnchor = parseArgument(shape, args);
  const { institution, commitment } = given;
  memberOf(await readRegion(context.state), institution);
  demand(
    institution === context.creator,
    'ledger.refused',
    'an institution anchors its own consents only',
    'institution',
  );
  const key = keys.consent(institution, commitment);
  if ((await context.state.get(key)) === undefined)
    context.state.put(key, encodeDocument({ ...given, time: context.time }));
  return { commitment };
}
