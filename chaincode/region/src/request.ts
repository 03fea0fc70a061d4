import { request as shape, type Request } from '@medshare/events/chain';
import { memberOf } from './check-certificate.js';
import { checkRequest } from './check-request.js';
import { encodeDocument, parseArgument, readDocument, readRegion, sameDocument } from './documents.js';
import { keys } from './keys.js';
import { demand } from './refusal.js';
import type { Context, Json } from './state.js';

/**
 * Opens a request for access to what one deal guards. Submitted by the requester's institution or the owner's. The formula on chain
 * decides when the grant is written; a custodian compares it with its deal's before it answers, so a weaker one opens nothing.
 */
export async function request(context: Context, args: unknown): Promise<Json> {
  const wanted = parseArgument(shape, args);
  const region = await readRegion(context.state);
  const key = keys.request(wanted.id);
  const present = await readDocument<Request>(context.state, key);
  if (present !== undefined) {
    demand(sameDocument(present, wanted), 'ledger.refused', 'the id is taken by another request', 'id');
    return { requestId: wanted.id };
  }
  const { id: requestId, institution: owner, requester } = wanted;
  memberOf(region, owner);
  const submits = context.creator === owner || context.creator === requester.institution;
  demand(submits, 'ledger.refused', 'only the requester and the owner submit a request', 'institution');
  checkRequest(region, wanted, context.time);
  context.state.put(key, encodeDocument(wanted));
  context.emit({ name: 'requested', value: { requestId, owner, requester: requester.institution } });
  return { requestId };
}
