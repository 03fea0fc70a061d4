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
  const signed =
    owner !== undefined && verifyDocument(used, fromBase64url(owner.keys.access), 'receipt', 1, receipt, signature);
  const permits = receipt.owner === request.institution && receipt.outcome === 'permit';
  // reader key and expiry as the owner saw them
  const asHash = documentHash(used, 'ask', 1, request.ask);
  if (!signed || !permits || receipt.askHash !== asHash || !isFor(request, receipt))
    throw problem('access.forged', { where: 'receipt' });
}

/** Every leaf holder is shown the receipt: it serves nobody else, and no other deal. */
function isFor({ ask, approval, dealCommitment, requester }: Request, receipt: DecisionReceipt): boolean {
  const { institution, person } = requester.certificate;
  return (
    receipt.askId === ask.askId &&
    receipt.purpose === ask.purpose &&
    receipt.emergency?.reason === ask.emergency?.reason &&
    // whether people must approve, which chain and custodians enforce as the request says it
    (receipt.approval === undefined || receipt.approval === (approval ?? 'none')) &&
    receipt.requester.institution === institution &&
    receipt.requester.person === person &&
    receipt.deals.includes(dealCommitment)
  );
}
