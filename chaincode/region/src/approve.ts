import { approval as shape, type Approval, type Grant, type Region, type Request } from '@medshare/events/chain';
import { checkApprover } from './check-approver.js';
import { checkCertificate, samePerson } from './check-certificate.js';
import { encodeDocument, hashDocument, parseArgument, readRegion, signatureHolds } from './documents.js';
import { isFilled } from './formula.js';
import { keys } from './keys.js';
import { readRequest, type RequestEntry } from './read-request.js';
import { demand } from './refusal.js';
import type { Context, Json } from './state.js';

/**
 * Records one person's approval of one leaf. When the approved leaves satisfy the formula the grant is written in this very
 * transaction; later approvals of the same request add their leaf to it. The same person approving the same leaf again changes nothing.
 */
export async function approve(context: Context, args: unknown): Promise<Json> {
  const given = parseArgument(shape, args);
  const region = await readRegion(context.state);
  const entry = await readRequest(context.state, given.requestId);
  const filled = [...entry.approvals, ...entry.away];
  const there = filled.find(({ leaf }) => leaf === given.leaf);
  if (there !== undefined && samePerson(there.certificate, given.certificate)) return statusOf(entry.grant);
  demand(there === undefined, 'ledger.refused', 'the leaf is filled', 'leaf');
  checkOpen(context, entry);
  checkApprover(entry.request, filled, given);
  checkSignatures(context, region, entry.request, given);
  context.state.put(keys.approval(given.requestId, given.leaf), encodeDocument(given));
  emit(context, 'approved', entry.request, { leaf: given.leaf });
  return statusOf(await settle(context, entry, given.leaf));
}

const statusOf = (grant: Grant | undefined): Json => ({ granted: grant?.state === 'active' });

function checkOpen({ time }: Context, { request, grant }: RequestEntry): void {
  demand(grant?.state !== 'revoked', 'access.revoked', 'the request is revoked');
  demand(time < request.expiresAt, 'access.expired', 'the request has expired');
}

function checkSignatures({ time }: Context, region: Region, request: Request, given: Approval): void {
  const { requestId, leaf, certificate, signature } = given;
  checkCertificate(region, certificate, time);
  const content = { requestId, requestHash: hashDocument(region, 'request', request), leaf };
  const signed = signatureHolds(certificate.suite, certificate.publicKey, 'approval', content, signature);
  demand(signed, 'access.forged', 'the approval is not signed by the approver', 'signature');
}

/** The state does not show the approval of this transaction, so its leaf is added here. */
async function settle(
  context: Context,
  { request, approvals, grant }: RequestEntry,
  leaf: string,
): Promise<Grant | undefined> {
  const leaves = [...new Set([...(grant?.leaves ?? []), ...approvals.map((one) => one.leaf), leaf])].sort();
  if (grant === undefined && !isFilled(request, leaves)) return undefined;
  const next: Grant = {
    version: 1,
    requestId: request.id,
    leaves,
    grantedAt: grant?.grantedAt ?? context.time,
    expiresAt: request.expiresAt,
    state: 'active',
    ...(grant?.lateMs !== undefined && { lateMs: grant.lateMs }),
  };
  context.state.put(keys.grant(request.id), encodeDocument(next));
  if (grant === undefined) emit(context, 'granted', request, { expiresAt: next.expiresAt });
  return next;
}

function emit(context: Context, name: 'approved' | 'granted', request: Request, more: { [key: string]: Json }): void {
  const { id: requestId, institution: owner, requester } = request;
  context.emit({ name, value: { requestId, owner, requester: requester.institution, ...more } });
}
