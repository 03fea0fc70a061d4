import { revocation as shape, type Grant, type Region, type Revocation } from '@medshare/events/chain';
import { checkCertificate, samePerson } from './check-certificate.js';
import { encodeDocument, hashDocument, parseArgument, readRegion, signatureHolds } from './documents.js';
import { keys } from './keys.js';
import { readRequest, type RequestEntry } from './read-request.js';
import { demand } from './refusal.js';
import type { Context, Json } from './state.js';

/** Ends a request for good, granted or not. A second revocation changes nothing. */
export async function revoke(context: Context, args: unknown): Promise<Json> {
  const given = parseArgument(shape, args);
  const region = await readRegion(context.state);
  const entry = await readRequest(context.state, given.requestId);
  if (entry.grant?.state === 'revoked') return { revoked: true };
  checkRight(entry, given);
  checkSignatures(context, region, entry, given);
  context.state.put(keys.grant(given.requestId), encodeDocument(revoked(context, entry, given)));
  const { id: requestId, institution: owner, requester } = entry.request;
  const value = { requestId, owner, requester: requester.institution, reason: given.reason };
  context.emit({ name: 'revoked', value });
  return { revoked: true };
}

/** The requester, an approver of this request, a privacy officer of the owner, or the owner's service when the patient withdrew. */
function checkRight({ request, approvals, away }: RequestEntry, { certificate, reason }: Revocation): void {
  const officer =
    certificate.institution === request.institution &&
    (certificate.kind === 'staff' ? certificate.roles.includes('privacy-officer') : reason === 'consent-withdrawn');
  const party =
    samePerson(certificate, request.requester.certificate) ||
    [...approvals, ...away].some((one) => samePerson(one.certificate, certificate));
  demand(officer || party, 'access.denied', 'who revokes has no part in this request', 'certificate');
}

function checkSignatures({ time }: Context, region: Region, { request }: RequestEntry, given: Revocation): void {
  const { requestId, certificate, reason, signature } = given;
  checkCertificate(region, certificate, time);
  const content = { requestId, requestHash: hashDocument(region, 'request', request), reason };
  const signed = signatureHolds(certificate.suite, certificate.publicKey, 'revocation', content, signature);
  demand(signed, 'access.forged', 'the revocation is not signed by the person', 'signature');
}

const revoked = ({ time }: Context, { request, approvals, grant }: RequestEntry, given: Revocation): Grant => ({
  version: 1,
  requestId: request.id,
  leaves: grant?.leaves ?? approvals.map(({ leaf }) => leaf),
  ...(grant?.grantedAt !== undefined && { grantedAt: grant.grantedAt }),
  ...(grant?.lateMs !== undefined && { lateMs: grant.lateMs }),
  expiresAt: request.expiresAt,
  state: 'revoked',
  revokedBy: { institution: given.certificate.institution, person: given.certificate.person },
  revokedAt: time,
  reason: given.reason,
});
