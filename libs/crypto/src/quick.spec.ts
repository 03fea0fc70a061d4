import {
  suite,
  deal,
  checkDeal,
  acceptShare,
  sealCapsule,
  boxFragments,
  unboxFragments,
  openCapsules,
  sealBytes,
  openBytes,
  box,
  unbox,
  utf8,
  toHex,
  fromHex,
  toBase64url,
  signDocument,
  verifyDocument,
} from './index.js';
import * as O from './oprf.js';
import { sm3 } from './sm3.js';
for (const name of ['intl', 'sm'] as const) {
  const s = suite(name);
  it('works ' + name, async () => {
    const kp = s.generateKeyPair();
    const sig = s.sign(kp.privateKey, utf8('x'));
    expect(s.verify(kp.publicKey, utf8('x'), sig)).toBe(true);
    expect(s.verify(kp.publicKey, utf8('y'), sig)).toBe(false);
    const f = {
      k: 1,
      of: [
        { k: 2, of: [{ leaf: 'a@x' }, { leaf: 'b@y' }, { leaf: 'c@z' }] },
        { k: 2, of: [{ leaf: 'd@x' }, { leaf: 'e@y' }] },
      ],
    };
    const d = deal(s, f, { region: 'east', institution: 'x', episode: 'e', class: 'c', epoch: 0 });
    checkDeal(s, d.deal);
    for (const [l, sh] of d.shares) acceptShare(s, d.deal, l, sh);
    const reader = s.generateKeyPair();
    const c = [1, 2, 3].map((i) => sealCapsule(s, d.deal, 'sec' + i));
    const g = { grant: 'g', deal: d.deal.id, reader: toBase64url(reader.publicKey), purpose: 'TREAT', expiresAt: 5 };
    const caps = c.map((x) => x.capsule);
    const fr = ['a@x', 'c@z'].map((l) =>
      unboxFragments(s, d.deal, reader.privateKey, g, caps, boxFragments(s, d.deal, l, d.shares.get(l)!, g, caps)),
    );
    const keys = openCapsules(s, d.deal, caps, fr);
    keys.forEach((k, i) => expect(toHex(k)).toBe(toHex(c[i]!.key)));
    const big = new Uint8Array(3_000_000).fill(7);
    for (const m of [
      new Uint8Array(0),
      utf8('hi'),
      big,
      new Uint8Array(1048576),
      Uint8Array.of(0x80),
      new Uint8Array(2_500_000),
    ]) {
      const k = { key: s.randomBytes(32), use: 'section', record: 'r', section: 's', epoch: 0 };
      const sealed = await sealBytes(s, k, m);
      expect(Buffer.compare(await openBytes(s, k, sealed), m)).toBe(0);
      sealed[sealed.length - 1]! ^= 1;
      await expect(openBytes(s, k, sealed)).rejects.toThrow('authentication failed');
    }
    const b = box(s, reader.publicKey, utf8('m'), utf8('i'));
    expect(toHex(unbox(s, reader.privateKey, b, utf8('i')))).toBe(toHex(utf8('m')));
    expect(() => unbox(s, reader.privateKey, b, utf8('j'))).toThrow();
    const sg = signDocument(s, kp.privateKey, 't', 1, { a: 1 });
    expect(verifyDocument(s, kp.publicKey, 't', 1, { a: 1 }, sg)).toBe(true);
  });
}
it('sm3 + oprf', () => {
  expect(toHex(sm3(utf8('abc')))).toBe('66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0');
  const s = suite('intl');
  const rb = s.randomBytes;
  const cs = [0, 1, 2].map(() => O.contribute(rb, 2, 3));
  const com = O.combineCommitments(cs.map((c) => c.commitments));
  const shares = [1, 2, 3].map((i) =>
    O.combineShares(
      i,
      cs.map((c) => ({ commitments: c.commitments, share: c.shares[i - 1]! })),
    ),
  );
  const b = O.blind(rb, utf8('id'));
  const ev = [1, 2, 3].map((i) => O.evaluate(rb, i, shares[i - 1]!, b.blinded));
  for (const e of ev) expect(O.verifyEvaluation(com, b.blinded, e)).toBe(true);
  expect(O.verifyEvaluation(com, b.blinded, { ...ev[0]!, index: 2 })).toBe(false);
  const k1 = O.finalize(utf8('id'), b.blind, [ev[0]!, ev[1]!], 2),
    k2 = O.finalize(utf8('id'), b.blind, [ev[2]!, ev[1]!], 2);
  expect(toHex(k1)).toBe(toHex(k2));
  const b2 = O.blind(rb, utf8('id'));
  expect(
    toHex(
      O.finalize(
        utf8('id'),
        b2.blind,
        [1, 3].map((i) => O.evaluate(rb, i, shares[i - 1]!, b2.blinded)),
        2,
      ),
    ),
  ).toBe(toHex(k1));
});
