import {
  emergencyEvidence,
  type EmergencyApproval,
  type EmergencyRecord,
  type EmergencyRelease,
  type Grant,
  type Region,
  type Request,
} from '@medshare/events/chain';
import { memberOf } from './check-certificate.js';
import { checkEmergency, checkRelease, type AwayGrant } from './check-emergency.js';
import { encodeDocument, hashDocument, parseArgument, readDocument, readRegion, sameDocument } from './documents.js';
import { leavesOfFormula, splitLeaf } from './formula.js';
import { keys } from './keys.js';
import { demand } from './refusal.js';
import type { Context, Json } from './state.js';

/**
 * Writes down what was granted and released while the chain was away, marked with how late that is. Everything is verified as custodians
 * verified it; the same evidence again changes nothing, and evidence of other custodians adds to it. While the request lives it becomes
 * an ordinary grant: revocable, and expired by the chain's own rules.
 */
export async function emergency(context: Context, args: unknown): Promise<Json> {
  const { request, approvals, release } = parseArgument(emergencyEvidence, args);
  const region = await readRegion(context.state);
  checkSubmitter(context, region, request);
  const there = await readDocument<Request>(context.state, keys.request(request.id));
  demand(there === undefined || sameDocument(there, request), 'ledger.refused', 'the id is taken', 'request.id');
  const granted = checkEmergency(region, { request, approvals }, context.time);
  if (release) checkRelease(region, request, granted.leaves, release, context.time);

  const record = await recordOnce(context, region, request, granted);
  for (const one of approvals) await putOnce(context, keys.emergencyApproval(one), one);
  if (release) await putOnce(context, keys.emergencyRelease(release), release);
  if (there === undefined) context.state.put(keys.request(request.id), encodeDocument(request));
  await grantStill(context, request, record);
  return { requestId: request.id, lateMs: record.lateMs };
}

/** Who has a part in it: the requester, the owner, or a holder of a leaf. */
function checkSubmitter({ creator }: Context, region: Region, { institution, requester, formula }: Request): void {
  memberOf(region, institution);
  const holders = leavesOfFormula(formula).map((leaf) => splitLeaf(leaf).institution);
  const part = [institution, requester.institution, ...holders].includes(creator);
  demand(part, 'ledger.refused', 'who submits has no part in this request', 'request');
}

async function recordOnce(
  context: Context,
  region: Region,
  request: Request,
  { leaves, grantedAt }: AwayGrant,
): Promise<EmergencyRecord> {
  const key = keys.emergency(request.id);
  const there = await readDocument<EmergencyRecord>(context.state, key);
  if (there !== undefined) return there;
  const { id: requestId, institution: owner, requester, expiresAt } = request;
  const lateMs = Math.max(0, context.time - grantedAt);
  const record: EmergencyRecord = {
    version: 1,
    requestId,
    requestHash: hashDocument(region, 'request', request),
    leaves: [...leaves],
    grantedAt,
    expiresAt,
    recordedAt: context.time,
    recordedBy: context.creator,
    lateMs,
  };
  context.state.put(key, encodeDocument(record));
  context.emit({ name: 'emergency', value: { requestId, owner, requester: requester.institution, lateMs } });
  return record;
}

async function putOnce({ state }: Context, key: string, value: EmergencyApproval | EmergencyRelease): Promise<void> {
  if ((await state.get(key)) === undefined) state.put(key, encodeDocument(value));
}

/** A grant that the chain made or ended meanwhile stays as it is. */
async function grantStill(context: Context, { id: requestId, expiresAt }: Request, record: EmergencyRecord) {
  const key = keys.grant(requestId);
  if (context.time >= expiresAt || (await context.state.get(key)) !== undefined) return;
  const { leaves, grantedAt, lateMs } = record;
  const grant: Grant = { version: 1, requestId, leaves, grantedAt, expiresAt, state: 'active', lateMs };
  context.state.put(key, encodeDocument(grant));
}
