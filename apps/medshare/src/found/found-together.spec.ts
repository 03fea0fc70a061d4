import { signDocument, suite, toBase64url, utf8 } from '@medshare/crypto';
import { blind, evaluate, finalize, verifyEvaluation } from '@medshare/crypto/oprf';
import { completeRegion, dealShares, termsOf, type Founder } from './found-together.js';
import type { DealFile, MemberFile } from './founding-files.js';

const used = suite('intl');
const ids = ['harbor', 'lakeside', 'summit'];
const random = (length: number) => used.randomBytes(length);
const founders: Founder[] = ids.map((id) => ({ id, ledger: used.generateKeyPair(), vault: used.generateKeyPair() }));
const ca = '-----BEGIN CERTIFICATE-----\n';
const members: MemberFile[] = founders.map(({ id, ledger, vault }) => {
  const [signs, opens] = [toBase64url(ledger.publicKey), toBase64url(vault.publicKey)];
  const keys = { ledger: signs, vault: opens, access: signs, reader: signs, audit: signs };
  return { version: 1, id, name: id, keys, suite: 'intl', peerUrl: `https://${id}.example`, ca };
});
const agreement = {
  ...{ version: 1 as const, region: 'east', suite: 'intl' as const, members: ids },
  ...{ endorsements: 2, viewQuorum: 2, oprfThreshold: 2, identifierSystems: ['urn:x'] },
};
const terms = termsOf(agreement, members);
const deals = founders.map((founder) => dealShares(terms, founder, random));
const [harbor, lakeside] = founders as [Founder, Founder, Founder];

describe('a region that is founded together', () => {
  it('is the same at every member, and any two of them evaluate under one key that none of them has', () => {
    const made = founders.map((founder) => completeRegion(terms, founder, deals));
    const [{ region }] = made as [(typeof made)[0]];
    expect(made.map((one) => one.region)).toEqual([region, region, region]);
    expect(region).toMatchObject({ region: 'east', endorsements: 2, oprf: { threshold: 2, members: ids } });
    expect(new Set(made.map(({ oprfShare }) => toBase64url(oprfShare))).size).toBe(3);
    const input = utf8('E-1985-0317-442');
    const asked = blind(random, input);
    const answers = made.map(({ oprfShare }, at) => evaluate(random, at + 1, oprfShare, asked.blinded));
    for (const one of answers) expect(verifyEvaluation(region.oprf.commitments, asked.blinded, one)).toBe(true);
    const outcomes = [
      [0, 1],
      [0, 2],
      [1, 2],
    ].map((pair) =>
      toBase64url(
        finalize(
          input,
          asked.blind,
          pair.map((at) => answers[at]!),
          2,
        ),
      ),
    );
    expect(new Set(outcomes).size).toBe(1);
  });

  it.each<[string, string, (given: DealFile[]) => DealFile[]]>([
    ['one is missing', 'lakeside: its deal is missing', ([a, , c]) => [a!, c!]],
    ['one comes twice', 'lakeside: two deals are given', (all) => [...all, all[1]!]],
    [
      'a share was exchanged',
      'lakeside: its deal is not signed',
      ([a, b, c]) => [a!, { ...b!, shares: a!.shares }, c!],
    ],
    [
      'one is signed by somebody else',
      'lakeside: its deal is not signed',
      ([a, , c]) => [a!, dealShares(terms, { ...harbor, id: 'lakeside' }, random), c!],
    ],
    [
      'one was made for other terms',
      'lakeside: its deal is for another agreement or other member files',
      ([a, , c]) => [a!, dealShares(termsOf({ ...agreement, endorsements: 1 }, members), lakeside, random), c!],
    ],
  ])('is refused while %s: whose it is', (_, text, change) => {
    expect(() => completeRegion(terms, harbor, change(deals))).toThrow(
      expect.objectContaining({
        code: 'config.invalid',
        where: text.split(':')[0],
        detail: expect.stringContaining(text.split(': ')[1]!),
      }),
    );
  });

  it('is refused where a dealer commits to one polynomial and deals another', () => {
    // both signed by the dealer itself: the commitments of one deal over the shares of another
    const [said, dealt] = [dealShares(terms, lakeside, random), dealShares(terms, lakeside, random)];
    const mixed = {
      ...{ version: 1 as const, dealer: 'lakeside', terms: terms.hash },
      ...{ commitments: said.commitments, shares: dealt.shares },
    };
    const signature = signDocument(used, lakeside.ledger.privateKey, 'founding-deal', 1, mixed);
    expect(() => completeRegion(terms, harbor, [deals[0]!, { ...mixed, signature }, deals[2]!])).toThrow(
      expect.objectContaining({ where: 'lakeside', detail: expect.stringContaining('not the committed one') }),
    );
  });

  it.each<[string, string, () => unknown]>([
    ['a member file is missing', 'summit', () => termsOf(agreement, members.slice(0, 2))],
    ['a member file comes twice', 'harbor', () => termsOf(agreement, [...members, members[0]!])],
    [
      'somebody brings a file who is no member',
      'stranger',
      () => termsOf(agreement, [...members, { ...members[0]!, id: 'stranger' }]),
    ],
    [
      'keys are of another suite',
      'summit',
      () => termsOf(agreement, [...members.slice(0, 2), { ...members[2]!, suite: 'sm' }]),
    ],
    [
      'more must endorse than there are',
      'agreement.endorsements',
      () => termsOf({ ...agreement, endorsements: 4 }, members),
    ],
    ['who deals is no member', 'elsewhere', () => dealShares(terms, { ...harbor, id: 'elsewhere' }, random)],
  ])('is not begun while %s', (_, where, work) => {
    expect(work).toThrow(expect.objectContaining({ code: 'config.invalid', where }));
  });
});
