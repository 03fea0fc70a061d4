import {
  boxFragments,
  documentHash,
  signDocument,
  toBase64url,
  utf8,
  type Capsule,
  type GrantContext,
} from '@medshare/crypto';
import type { AnchoredCapsule, AuditReceipt, releaseFragments, Request } from '@medshare/events';
import type { AuditFact, RoleContext } from '@medshare/role';
import type { z } from 'zod';
import { leafContext } from './accept-leaf.js';
import type { HeldLeaf } from './store/leaves.js';

type Answer = z.infer<typeof releaseFragments.response>;
type Parts = Pick<RoleContext, 'institution' | 'suite' | 'keyEncryption' | 'signingKey'>;

/** Fragments of these capsules for the request's reader, boxed and signed. The only place where a leaf's share is unwrapped to answer. */
export async function boxAnswer(
  { suite, institution, signingKey, keyEncryption }: Parts,
  request: Request,
  held: HeldLeaf,
  bare: Capsule[],
  receipt: AuditReceipt,
): Promise<Answer> {
  const { leaf } = held;
  const share = await keyEncryption.unwrap(held.wrapped, leafContext(held.deal.id, leaf));
  const fragments = boxFragments(suite, held.deal, leaf, share, contextOf(request, held), bare);
  share.fill(0);
  const boxed = toBase64url(utf8(JSON.stringify(fragments)));
  const content = { requestId: request.id, leaf, boxed: documentHash(suite, 'boxed', 1, boxed) };
  const signature = signDocument(suite, signingKey.privateKey, 'fragments', 1, content);
  return { leaf, institution, boxed, receipt, signature };
}

const contextOf = ({ id, ask, expiresAt }: Request, { deal }: HeldLeaf): GrantContext => ({
  grant: id,
  deal: deal.id,
  reader: ask.readerKey,
  purpose: ask.purpose,
  expiresAt,
});

/** Most sections named in one audit entry; the number of all is in the custodian's own table. */
const maxEntities = 56;

interface Answered {
  requestId: string;
  leaf: string;
  dealId: string;
  capsules: readonly AnchoredCapsule[];
}

/** What an audit entry names of a release or its refusal. */
export const entitiesOf = (
  { requestId, leaf, dealId, capsules }: Answered,
  more: AuditFact['entities'] = [],
): AuditFact['entities'] => [
  { kind: 'request', id: requestId },
  { kind: 'leaf', id: leaf },
  { kind: 'deal', id: dealId },
  ...more,
  ...capsules.slice(0, maxEntities).map(({ section }) => ({ kind: 'section', id: section.section })),
];
