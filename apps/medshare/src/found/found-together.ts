import {
  box,
  documentHash,
  frame,
  fromBase64url,
  signDocument,
  suite,
  toBase64url,
  unbox,
  verifyDocument,
  type KeyPair,
} from '@medshare/crypto';
import { combineShares, contribute } from '@medshare/crypto/oprf';
import type { Region } from '@medshare/events/chain';
import { problem, type Problem } from '@medshare/problems';
import { foundRegion } from './found-region.js';
import type { Agreement, DealFile, MemberFile } from './founding-files.js';

/** An agreement with who takes part, in its order. */
export interface Terms {
  readonly agreement: Agreement;
  readonly members: readonly MemberFile[];
  readonly hash: string;
}

/** A member's keys as far as founding needs them. */
export interface Founder {
  readonly id: string;
  readonly ledger: KeyPair;
  readonly vault: KeyPair;
}

const refused = (where: string, detail: string, cause?: unknown): Problem =>
  problem('config.invalid', { where, detail, cause });

/** @throws Problem config.invalid that names who is missing or does not fit */
export function termsOf(agreement: Agreement, given: readonly MemberFile[]): Terms {
  const members = agreement.members.map((id) => {
    const [found, another] = given.filter((one) => one.id === id);
    if (!found) throw refused(id, 'its member file is missing');
    if (another) throw refused(id, 'two member files are given');
    if (found.suite !== agreement.suite) throw refused(id, `its keys are of the suite ${found.suite}`);
    return found;
  });
  const stranger = given.find(({ id }) => !agreement.members.includes(id));
  if (stranger) throw refused(stranger.id, 'the agreement does not name it');
  if (new Set(agreement.members).size < members.length) throw refused('agreement.members', 'one is named twice');
  for (const key of ['endorsements', 'viewQuorum', 'oprfThreshold'] as const)
    if (agreement[key] > members.length) throw refused(`agreement.${key}`, 'more than there are members');
  return { agreement, members, hash: documentHash(suite(agreement.suite), 'founding', 1, { agreement, members }) };
}

const shareInfo = (terms: Terms, dealer: string, to: string) =>
  frame('medshare/founding-share/1', terms.hash, dealer, to);

/** A new contribution each time: of several by one member, all must take the same. */
export function dealShares(
  terms: Terms,
  { id, ledger }: Founder,
  randomBytes: (length: number) => Uint8Array,
): DealFile {
  const { agreement, members } = terms;
  memberOf(terms, id);
  const used = suite(agreement.suite);
  const { commitments, shares } = contribute(randomBytes, agreement.oprfThreshold, members.length);
  const boxed = members.map(({ id: to, keys }, at) => ({
    to,
    box: toBase64url(box(used, fromBase64url(keys.vault), shares[at]!, shareInfo(terms, id, to))),
  }));
  const said = { version: 1 as const, dealer: id, terms: terms.hash, commitments, shares: boxed };
  return { ...said, signature: signDocument(used, ledger.privateKey, 'founding-deal', 1, said) };
}

/**
 * The region out of everybody's deals, the same for every member that was given the same, and the member's own share of the index key.
 * @throws Problem config.invalid that names whose deal is missing, forged, for other terms, or not what it commits to
 */
export function completeRegion(
  terms: Terms,
  { id, vault }: Founder,
  deals: readonly DealFile[],
): { region: Region; oprfShare: Uint8Array } {
  const { agreement, members } = terms;
  memberOf(terms, id);
  const used = suite(agreement.suite);
  const received = members.map((dealer) => {
    const [deal, another] = deals.filter((one) => one.dealer === dealer.id);
    if (!deal) throw refused(dealer.id, 'its deal is missing');
    if (another) throw refused(dealer.id, 'two deals are given');
    if (deal.terms !== terms.hash) throw refused(dealer.id, 'its deal is for another agreement or other member files');
    const { signature: signed, ...said } = deal;
    if (!verifyDocument(used, dealer.keys.ledger, 'founding-deal', 1, said, signed))
      throw refused(dealer.id, 'its deal is not signed by its ledger key');
    if (deal.commitments.length !== agreement.oprfThreshold)
      throw refused(dealer.id, 'its deal has another threshold than the agreement');
    const mine = deal.shares.find(({ to }) => to === id);
    if (!mine) throw refused(dealer.id, `its deal has no share for ${id}`);
    return { commitments: deal.commitments, share: opened(terms, dealer.id, id, vault, mine.box) };
  });
  const index = agreement.members.indexOf(id) + 1;
  const region = foundRegion(
    agreement,
    members,
    received.map(({ commitments }) => commitments),
  );
  return { region, oprfShare: combined(index, received, agreement.members) };
}

function memberOf(terms: Terms, id: string): MemberFile {
  const found = terms.members.find((one) => one.id === id);
  if (!found) throw refused(id, 'the agreement does not name it');
  return found;
}

function opened(terms: Terms, dealer: string, to: string, vault: KeyPair, boxed: string): Uint8Array {
  try {
    const used = suite(terms.agreement.suite);
    return unbox(used, vault.privateKey, fromBase64url(boxed), shareInfo(terms, dealer, to));
  } catch (cause) {
    throw refused(dealer, `its share for ${to} does not open`, cause);
  }
}

function combined(
  index: number,
  received: readonly { readonly commitments: readonly string[]; readonly share: Uint8Array }[],
  members: readonly string[],
): Uint8Array {
  try {
    return combineShares(index, received);
  } catch (cause) {
    const [, dealer] = /^contribution (\d+)/.exec((cause as Error).message) ?? [];
    throw refused(members[Number(dealer) - 1] ?? 'deals', (cause as Error).message, cause);
  }
}
