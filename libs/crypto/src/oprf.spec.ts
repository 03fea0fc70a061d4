import { ristretto255 } from '@noble/curves/ed25519.js';
import { fromBase64url, fromHex, toBase64url, toHex, utf8 } from './bytes.js';
import { suite } from './index.js';
import {
  blind,
  combineCommitments,
  combineShares,
  contribute,
  evaluate,
  finalize,
  indexTag,
  verifyEvaluation,
} from './oprf.js';

const { randomBytes } = suite('intl');
const MEMBERS = 3;
const THRESHOLD = 2;

function region() {
  const dealt = Array.from({ length: MEMBERS }, () => contribute(randomBytes, THRESHOLD, MEMBERS));
  const commitments = combineCommitments(dealt.map((one) => one.commitments));
  const received = (index: number) =>
    dealt.map((one) => ({ commitments: one.commitments, share: one.shares[index - 1]! }));
  const shares = [1, 2, 3].map((index) => combineShares(index, received(index)));
  const answer = (index: number, blinded: string) => evaluate(randomBytes, index, shares[index - 1]!, blinded);
  const key = (input: Uint8Array, members: readonly number[]) => {
    const asked = blind(randomBytes, input);
    return toHex(
      finalize(
        input,
        asked.blind,
        members.map((index) => answer(index, asked.blinded)),
        THRESHOLD,
      ),
    );
  };
  return { dealt, commitments, received, shares, answer, key };
}

describe('RFC 9497 appendix A.1.1 (ristretto255-SHA512, OPRF)', () => {
  const key = fromHex('5ebcea5ee37023ccb9fc2d2019f9d7737be85591ae8652ffa9ef0f4d37063b0e');
  const scalar = fromHex('64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706');
  const vectors = [
    [
      '00',
      '609a0ae68c15a3cf6903766461307e5c8bb2f95e7e6550e1ffa2dc99e412803c',
      '7ec6578ae5120958eb2db1745758ff379e77cb64fe77b0b2d8cc917ea0869c7e',
      '527759c3d9366f277d8c6020418d96bb393ba2afb20ff90df23fb7708264e2f3',
    ],
    [
      '5a'.repeat(17),
      'da27ef466870f5f15296299850aa088629945a17d1f5b7f5ff043f76b3c06418',
      'b4cbf5a4f1eeda5a63ce7b77c7d23f461db3fcab0dd28e4e17cecb5c90d02c25',
      'f4a74c9c592497375e796aa837e907b1a045d34306a749db9f34221f7e750cb4',
    ],
  ] as const;

  it.each(vectors)('blinds, evaluates and finalizes %s', (input, blinded, evaluated, output) => {
    // what is drawn is 64 bytes, little-endian, reduced
    const drawn = (length: number) => Uint8Array.from({ length }, (_, i) => scalar[i] ?? 0);
    const asked = blind(drawn, fromHex(input));
    expect(toHex(asked.blind)).toBe(toHex(scalar));
    expect(toHex(fromBase64url(asked.blinded))).toBe(blinded);
    const evaluation = evaluate(randomBytes, 1, key, asked.blinded);
    expect(toHex(fromBase64url(evaluation.value))).toBe(evaluated);
    expect(toHex(finalize(fromHex(input), asked.blind, [evaluation], 1))).toBe(output);
  });
});

describe('the threshold OPRF of a region', () => {
  const r = region();

  it('gives everybody the same key, whichever members answer and in whatever order', () => {
    const input = utf8('1234567890');
    const keys = [
      [1, 2],
      [2, 1],
      [1, 3],
      [3, 2],
      [1, 2, 3],
    ].map((members) => r.key(input, members));
    expect(new Set(keys).size).toBe(1);
    expect(r.key(utf8('1234567891'), [1, 2])).not.toBe(keys[0]);
    expect(region().key(input, [1, 2])).not.toBe(keys[0]);
  });

  it('needs as many different members as the threshold', () => {
    const asked = blind(randomBytes, utf8('id'));
    const [one, two] = [1, 2].map((index) => r.answer(index, asked.blinded)) as [
      ReturnType<typeof evaluate>,
      ReturnType<typeof evaluate>,
    ];
    const open =
      (...given: (typeof one)[]) =>
      () =>
        finalize(utf8('id'), asked.blind, given, THRESHOLD);
    expect(open(one, two)).not.toThrow();
    for (const given of [[], [one], [one, one], [one, { ...two, index: 0 }], [one, { ...two, index: 1.5 }]])
      expect(open(...given)).toThrow('different members');
    expect(() => finalize(utf8('id'), asked.blind, [], 0)).toThrow('different members');
    expect(toHex(finalize(utf8('id'), asked.blind, [one, { ...two, index: 3 }], 2))).not.toBe(
      r.key(utf8('id'), [1, 2]),
    );
  });

  it('proves each answer', () => {
    const { blinded } = blind(randomBytes, utf8('id'));
    const good = r.answer(1, blinded);
    const holds = (change: Partial<typeof good>, by = r.commitments, asked = blinded) =>
      verifyEvaluation(by, asked, { ...good, ...change });
    expect(holds({})).toBe(true);
    const other = r.answer(2, blinded);
    const identity = toBase64url(new Uint8Array(32));
    const values = [other.value, identity, toBase64url(new Uint8Array(32).fill(255)), '', good.value.slice(1), blinded];
    for (const value of values) expect(holds({ value })).toBe(false);
    for (const index of [0, 2, 3, 4, 1.5, -1, 65, Number.NaN]) expect(holds({ index })).toBe(false);
    const { c, s } = good.proof;
    for (const proof of [
      other.proof,
      { c, s: c },
      { c: s, s },
      { c: identity, s },
      { c, s: identity },
      { c: '', s },
      null,
    ])
      expect(holds({ proof: proof as never })).toBe(false);
    expect(holds({}, [r.commitments[1]!, r.commitments[1]!])).toBe(false);
    expect(holds({}, [...r.commitments, r.commitments[0]!])).toBe(false);
    expect(holds({}, [])).toBe(false);
    expect(holds({}, r.commitments, blind(randomBytes, utf8('id')).blinded)).toBe(false);
  });

  it('never proves two answers with one secret number', () => {
    const { blinded } = blind(randomBytes, utf8('id'));
    const stuck = (length: number) => new Uint8Array(length).fill(7);
    const another = blind(randomBytes, utf8('di')).blinded;
    const proofs = [
      r.answer(1, blinded),
      evaluate(stuck, 1, r.shares[0]!, blinded),
      evaluate(stuck, 1, r.shares[0]!, another),
    ];
    // t = s + c·k: two equal t under different challenges would give k away
    const k = BigInt(`0x${toHex(r.shares[0]!.slice().reverse())}`);
    const number = (text: string) => BigInt(`0x${toHex(fromBase64url(text).slice().reverse())}`);
    const nonces = proofs.map(({ proof }) => (number(proof.s) + number(proof.c) * k) % ristretto255.Point.Fn.ORDER);
    expect(new Set(nonces).size).toBe(3);
  });

  it('refuses what is no element, share, size or input', () => {
    const { blinded } = blind(randomBytes, utf8('id'));
    for (const wrong of [toBase64url(new Uint8Array(32)), toBase64url(new Uint8Array(32).fill(255)), '', '='])
      expect(() => evaluate(randomBytes, 1, r.shares[0]!, wrong)).toThrow();
    for (const share of [new Uint8Array(32), new Uint8Array(31).fill(1), new Uint8Array(32).fill(255)])
      expect(() => evaluate(randomBytes, 1, share, blinded)).toThrow('not a scalar');
    for (const [threshold, members] of [
      [0, 3],
      [4, 3],
      [1.5, 3],
      [1, 65],
      [1, Number.NaN],
    ] as const)
      expect(() => contribute(randomBytes, threshold, members)).toThrow(RangeError);
    expect(() => blind(randomBytes, new Uint8Array(65_536))).toThrow(RangeError);
  });

  it('names the contribution that does not fit, and refuses contributions of other lengths', () => {
    const wrong = r.received(1).map((one, i) => (i === 1 ? { ...one, share: r.dealt[1]!.shares[1]! } : one));
    expect(() => combineShares(1, wrong)).toThrow('contribution 2');
    expect(() => combineShares(2, r.received(1))).toThrow('contribution 1');
    const lists = r.dealt.map((one) => one.commitments);
    expect(() => combineCommitments([])).toThrow('length');
    expect(() => combineCommitments([...lists, [lists[0]![0]!]])).toThrow('length');
    expect(() => combineCommitments([...lists.slice(1), [...lists[0]!, lists[0]![0]!]])).toThrow('length');
    const negated = lists[0]!.map((text) =>
      toBase64url(ristretto255.Point.fromBytes(fromBase64url(text)).negate().toBytes()),
    );
    expect(() => combineCommitments([lists[0]!, negated])).toThrow('cancel');
  });

  it('gives tags that differ in every part', () => {
    const key = randomBytes(32);
    const tags = [
      ['east', 'harbor', 1],
      ['east', 'harbor', 2],
      ['east', 'harbo', 1],
      ['easth', 'arbor', 1],
      ['west', 'harbor', 1],
    ] as const;
    const made = (['sm', 'intl'] as const).flatMap((name) =>
      tags.map(([region, institution, counter]) => indexTag(suite(name), key, region, institution, counter)),
    );
    expect(new Set(made).size).toBe(10);
    expect(made[0]).toMatch(/^[\w-]{43}$/);
  });
});
