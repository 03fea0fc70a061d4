import { documentHash, fromBase64url, suite, verifyDocument } from '@medshare/crypto';
import type { DecisionReceipt, Region, Request } from '@medshare/events';
import { problem } from '@medshare/problems';

/**
 * The owner's permit is signed by the owner and is for this request: its ask as it was signed, its requester, its deal.
 * @throws Problem access.forged
 */
export function checkPermit(region: Region, request: Request, { signature = '', ...receipt }: DecisionReceipt): void {
  const used = suite(region.suite);
  const owner = region.members.find(({ id }) => id === request.institution);
  const { certificate } = request.requester;
  const fits =
    owner !== undefined &&
    verifyDocument(used, fromBase64url(owner.keys.access), 'receipt', 1, receipt, signature) &&
    receipt.owner === request.institution &&
    receipt.outcome === 'permit' &&
    receipt.askId === request.ask.askId &&
    // reader key and expiry as the owner saw them
    receipt.askHash === documentHash(used, 'ask', 1, request.ask) &&
    receipt.purpose === request.ask.purpose &&
    // whether people must approve, which chain and custodians enforce as the request says it
    (receipt.approval === undefined || receipt.approval === (request.approval ?? 'none')) &&
    receipt.emergency?.reason === request.ask.emergency?.reason &&
    // every leaf holder is shown the receipt: it serves nobody else, and no other deal
    receipt.requester.institution === certificate.institution &&
    receipt.requester.person === certificate.person &&
    receipt.deals.includes(request.dealCommitment);
  if (!fits) throw problem('access.forged', { where: 'receipt' });
}
