import type { EmergencyApproval, EmergencyEvidence, EmergencyRelease, Region, Request } from '@medshare/events/chain';
import { checkApprover } from './check-approver.js';
import { checkCertificate, memberOf } from './check-certificate.js';
import { checkRequest, isEmergency } from './check-request.js';
import { hashDocument, signatureHolds } from './documents.js';
import { isFilled, splitLeaf } from './formula.js';
import { demand } from './refusal.js';

/** An emergency that was granted without the chain. */
export interface AwayGrant {
  readonly leaves: readonly string[];
  /** When the last approval was signed, ms. */
  readonly grantedAt: number;
}

/**
 * Judges an emergency that was granted while no transaction could be committed, from its documents alone; custodians at the moment, the
 * chaincode when it is back. Signed times are the signers': each must lie in the request's life and not after `now`, clock bound allowed for.
 */
export function checkEmergency(
  region: Region,
  { request, approvals }: Omit<EmergencyEvidence, 'release'>,
  now: number,
): AwayGrant {
  demand(isEmergency(request), 'ledger.refused', 'only an emergency is granted without the chain', 'ask.emergency');
  demand(request.issuedAt <= now + region.clockSkewMs, 'ledger.refused', 'issued in the future', 'request.issuedAt');
  checkRequest(region, request, request.issuedAt);
  const filled: EmergencyApproval[] = [];
  for (const one of approvals) {
    checkEmergencyApproval(region, request, one, now);
    checkApprover(request, filled, one);
    demand(!filled.some(({ leaf }) => leaf === one.leaf), 'ledger.refused', 'a leaf is filled twice', 'leaf');
    filled.push(one);
  }
  const leaves = filled.map(({ leaf }) => leaf).sort();
  demand(isFilled(request, leaves), 'access.incomplete', 'approvals are missing', 'approvals');
  return { leaves, grantedAt: Math.max(...filled.map(({ approvedAt }) => approvedAt)) };
}

/** One approval: signed for this request by a certificate that was in force, in the request's life. Who may fill the leaf is not judged here. */
export function checkEmergencyApproval(
  region: Region,
  request: Request,
  { requestId, leaf, certificate, approvedAt, signature }: EmergencyApproval,
  now: number,
): void {
  demand(requestId === request.id, 'access.forged', 'the approval is of another request', 'requestId');
  checkInLife(region, request, approvedAt, now);
  checkCertificate(region, certificate, approvedAt);
  const content = { requestId, requestHash: hashDocument(region, 'request', request), leaf, approvedAt };
  const signed = signatureHolds(certificate.suite, certificate.publicKey, 'emergency-approval', content, signature);
  demand(signed, 'access.forged', 'the approval is not signed by the approver', 'signature');
}

/** A custodian's statement is its own, of this request, and of a leaf that had approved. */
export function checkRelease(
  region: Region,
  request: Request,
  leaves: readonly string[],
  { version, signature, ...content }: EmergencyRelease,
  now: number,
): void {
  const { requestId, leaf, institution, releasedAt } = content;
  demand(requestId === request.id, 'access.forged', 'the release is of another request', 'release.requestId');
  demand(leaves.includes(leaf), 'access.incomplete', 'the leaf did not approve', 'release.leaf');
  demand(splitLeaf(leaf).institution === institution, 'access.not-a-leaf', 'held elsewhere', 'release.leaf');
  checkInLife(region, request, releasedAt, now);
  const { keys } = memberOf(region, institution);
  const signed = { ...content, requestHash: hashDocument(region, 'request', request) };
  const holds = version === 1 && signatureHolds(region.suite, keys.vault, 'emergency-release', signed, signature);
  demand(holds, 'access.forged', 'the release is not signed by the custodian', 'release.signature');
}

function checkInLife(region: Region, { issuedAt, expiresAt }: Request, at: number, now: number): void {
  const { clockSkewMs } = region;
  demand(at <= now + clockSkewMs, 'ledger.refused', 'signed in the future', 'approvedAt');
  demand(at >= issuedAt - clockSkewMs, 'ledger.refused', 'signed before it was asked', 'approvedAt');
  demand(at < expiresAt, 'access.expired', 'signed after the request had expired', 'approvedAt');
}
