import { canonical, documentHash, type Suite } from '@medshare/crypto';
import { withPeople } from '@medshare/crypto/fill-rule';
import { parseFormula, satisfies } from '@medshare/crypto/formula';
import type { Region, Request, View } from '@medshare/events';
import { checkViews, requestSubject } from '@medshare/ledger';
import { problem } from '@medshare/problems';
import type { HeldLeaf } from './store/leaves.js';

/** What a reader's institution brought, and what the vault holds. */
export interface Asked {
  caller: string;
  requestId: string;
  leaf: string;
  dealId: string;
  salt: string;
  views: readonly View[];
}

/**
 * Judges by itself, from signed views alone, whether a leaf may answer now: the grant is complete, active and unexpired by the own
 * clock, covers the leaf, and is for this deal and this caller.
 * @throws Problem view.invalid, view.stale, access.incomplete, access.revoked, access.expired, access.out-of-scope
 */
export function checkGrant(suite: Suite, region: Region, asked: Asked, now: number): Request {
  const subject = requestSubject(asked.requestId);
  const { state } = checkViews(region, asked.views, { now, subject });
  const { request, grant } = state;
  if (!request) throw problem('access.incomplete', { where: asked.requestId, detail: 'no such request on the chain' });
  if (request.requester.institution !== asked.caller || request.ask.institution !== asked.caller)
    throw problem('access.out-of-scope', { where: 'caller', detail: 'the request is of another institution' });
  if (!grant) throw problem('access.incomplete', { where: asked.requestId });
  if (grant.requestId !== request.id) throw problem('view.invalid', { where: 'grant.requestId' });
  if (grant.state !== 'active') throw problem('access.revoked', { where: asked.requestId });
  if (Math.min(grant.expiresAt, request.expiresAt, request.ask.expiresAt) <= now)
    throw problem('access.expired', { where: asked.requestId });
  const leaves = new Set(grant.leaves);
  const formula = parseFormula(request.formula);
  const open = request.approval === 'required' ? withPeople(formula) : formula;
  if (!open || !satisfies(open, leaves)) throw problem('access.incomplete', { where: asked.requestId });
  if (!leaves.has(asked.leaf))
    throw problem('access.incomplete', { where: asked.leaf, detail: 'the leaf did not approve' });
  const { dealId, salt } = asked;
  if (documentHash(suite, 'deal-commitment', 1, { dealId, salt }) !== request.dealCommitment)
    throw problem('access.out-of-scope', { where: 'dealId', detail: 'the grant is for another deal' });
  return request;
}

/** The request was granted under the formula that the key was dealt by, at the institution that dealt it. @throws Problem vault.deal */
export function checkDealOf(request: Request, { deal, dealer }: HeldLeaf): void {
  if (request.institution !== dealer)
    throw problem('access.out-of-scope', { where: 'institution', detail: 'the deal is of another owner' });
  if (canonical(request.formula) !== canonical(deal.formula))
    throw problem('access.out-of-scope', { where: 'formula', detail: 'the request was granted under another formula' });
}
