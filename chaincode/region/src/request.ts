import { request as shape, type Region, type Request } from '@medshare/events/chain';
import { checkCertificate, memberOf } from './check-certificate.js';
import {
  encodeDocument,
  hashDocument,
  parseArgument,
  readDocument,
  readRegion,
  sameDocument,
  signatureHolds,
} from './documents.js';
import { leavesOfFormula, openLeaves, splitLeaf } from './formula.js';
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
  checkParties(context, region, wanted);
  checkTimes(context, region, wanted);
  checkAsk(context, region, wanted);
  checkFormula(region, wanted);
  context.state.put(key, encodeDocument(wanted));
  const { id: requestId, institution: owner, requester } = wanted;
  context.emit({ name: 'requested', value: { requestId, owner, requester: requester.institution } });
  return { requestId };
}

function checkParties({ creator }: Context, region: Region, { institution, requester, ask }: Request): void {
  memberOf(region, institution);
  memberOf(region, requester.institution);
  const submits = creator === institution || creator === requester.institution;
  demand(submits, 'ledger.refused', 'only the requester and the owner submit a request', 'institution');
  const one = requester.certificate.institution === requester.institution && ask.institution === requester.institution;
  demand(one, 'ledger.refused', 'the requester is of another institution', 'requester.institution');
}

function checkTimes({ time }: Context, region: Region, { issuedAt, expiresAt, ask }: Request): void {
  demand(issuedAt <= time + region.clockSkewMs, 'ledger.refused', 'the request is issued in the future', 'issuedAt');
  demand(expiresAt > time && ask.expiresAt > time, 'access.expired', 'the request has expired', 'expiresAt');
  demand(expiresAt <= ask.expiresAt, 'ledger.refused', 'the request outlives what was asked', 'expiresAt');
  const lives = expiresAt - time;
  demand(lives <= region.limits.requestMs, 'ledger.refused', 'the request lives too long', 'expiresAt');
}

function checkAsk(
  { time }: Context,
  region: Region,
  { id, ask, askSignature, requester, dealCommitment }: Request,
): void {
  const { certificate } = requester;
  const expected = hashDocument(region, 'request-id', { askId: ask.askId, dealCommitment });
  demand(id === expected, 'ledger.refused', 'the id is not the hash of ask and deal commitment', 'id');
  checkCertificate(region, certificate, time);
  demand(certificate.kind === 'staff', 'ledger.refused', 'a service does not ask', 'requester.certificate.kind');
  const signed = signatureHolds(certificate.suite, certificate.publicKey, 'ask', ask, askSignature);
  demand(signed, 'access.forged', 'the ask is not signed by the requester', 'askSignature');
}

function checkFormula(region: Region, request: Request): void {
  const leaves = leavesOfFormula(request.formula);
  demand(leaves.length <= region.limits.formulaLeaves, 'ledger.refused', 'the formula has too many leaves', 'formula');
  for (const leaf of leaves) memberOf(region, splitLeaf(leaf).institution);
  demand(openLeaves(request).length > 0, 'ledger.refused', 'no people have a place in the formula', 'approval');
}
