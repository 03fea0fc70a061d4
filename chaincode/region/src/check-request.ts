import { emergencyPurpose, type Region, type Request } from '@medshare/events/chain';
import { checkCertificate, memberOf } from './check-certificate.js';
import { hashDocument, signatureHolds } from './documents.js';
import { leavesOfFormula, openLeaves, splitLeaf } from './formula.js';
import { demand } from './refusal.js';

const DAY = 86_400_000;

/** @returns how long an emergency may last in this region, ms */
export const emergencyLife = ({ limits }: Region): number => Math.min(limits.emergencyMs ?? DAY, limits.requestMs);

export const isEmergency = ({ ask }: Pick<Request, 'ask'>): boolean => ask.emergency !== undefined;

/** What must hold of a request wherever it is shown, `at` the instant for which it is judged, ms. */
export function checkRequest(region: Region, wanted: Request, at: number): void {
  checkParties(region, wanted);
  checkTimes(region, wanted, at);
  checkAsk(region, wanted, at);
  checkFormula(region, wanted);
}

function checkParties(region: Region, { institution, requester, ask }: Request): void {
  memberOf(region, institution);
  memberOf(region, requester.institution);
  const one = requester.certificate.institution === requester.institution && ask.institution === requester.institution;
  demand(one, 'ledger.refused', 'the requester is of another institution', 'requester.institution');
}

function checkTimes(region: Region, wanted: Request, at: number): void {
  const { issuedAt, expiresAt, ask } = wanted;
  demand(issuedAt <= at + region.clockSkewMs, 'ledger.refused', 'the request is issued in the future', 'issuedAt');
  demand(expiresAt > at && ask.expiresAt > at, 'access.expired', 'the request has expired', 'expiresAt');
  demand(expiresAt <= ask.expiresAt, 'ledger.refused', 'the request outlives what was asked', 'expiresAt');
  const most = isEmergency(wanted) ? emergencyLife(region) : region.limits.requestMs;
  demand(expiresAt - at <= most, 'ledger.refused', 'the request lives too long', 'expiresAt');
}

function checkAsk(
  region: Region,
  { id, ask, askSignature, requester: { certificate }, dealCommitment }: Request,
  at: number,
): void {
  const expected = hashDocument(region, 'request-id', { askId: ask.askId, dealCommitment });
  demand(id === expected, 'ledger.refused', 'the id is not the hash of ask and deal commitment', 'id');
  checkCertificate(region, certificate, at);
  demand(certificate.kind === 'staff', 'ledger.refused', 'a service does not ask', 'requester.certificate.kind');
  const signed = signatureHolds(certificate.suite, certificate.publicKey, 'ask', ask, askSignature);
  demand(signed, 'access.forged', 'the ask is not signed by the requester', 'askSignature');
  const said = (ask.purpose === emergencyPurpose) === (ask.emergency !== undefined);
  demand(said, 'access.reason-missing', 'an emergency, and nothing else, states a reason', 'ask.emergency');
}

function checkFormula(region: Region, request: Request): void {
  const leaves = leavesOfFormula(request.formula);
  demand(leaves.length <= region.limits.formulaLeaves, 'ledger.refused', 'the formula has too many leaves', 'formula');
  for (const leaf of leaves) memberOf(region, splitLeaf(leaf).institution);
  demand(openLeaves(request).length > 0, 'ledger.refused', 'no people have a place in the formula', 'approval');
}
