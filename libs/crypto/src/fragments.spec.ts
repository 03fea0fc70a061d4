import { toBase64url, toHex, fromBase64url, utf8 } from './bytes.js';
import { canonical } from './canonical.js';
import {
  acceptShare,
  boxFragments,
  checkCapsule,
  checkCapsules,
  checkDeal,
  deal,
  openCapsules,
  parseFormula,
  sealCapsule,
  suite,
  unboxFragments,
  type Capsule,
  type Deal,
  type Formula,
  type GrantContext,
  type Suite,
} from './index.js';
import * as portable from './portable.js';
import { unbox, box } from './box.js';
import { frame } from './frame.js';

const leaf = (name: string): Formula => ({ leaf: name });
const formula: Formula = {
  k: 1,
  of: [
    {
      k: 2,
      of: [leaf('patient@home'), { k: 2, of: [leaf('attending@a'), leaf('privacy-officer@a'), leaf('custodian@b')] }],
    },
    { k: 2, of: [leaf('ed@a'), leaf('ed@b'), leaf('ed@c')] },
  ],
};
const about = { region: 'east', institution: 'a', episode: 'e1', class: 'ordinary', epoch: 1 };
const set = ['patient@home', 'attending@a', 'custodian@b'];

function world(used: Suite) {
  const dealt = deal(used, formula, about);
  const reader = used.generateKeyPair();
  const sealed = ['s1', 's2', 's3'].map((section) => sealCapsule(used, dealt.deal, section));
  const context: GrantContext = {
    grant: 'grant-1',
    deal: dealt.deal.id,
    reader: toBase64url(reader.publicKey),
    purpose: 'TREAT',
    expiresAt: 100,
  };
  const capsules = sealed.map(({ capsule }) => capsule);
  const give = (name: string) => boxFragments(used, dealt.deal, name, dealt.shares.get(name)!, context, capsules);
  const take = (boxed: ReturnType<typeof give>) =>
    unboxFragments(used, dealt.deal, reader.privateKey, context, capsules, boxed);
  return { ...dealt, reader, sealed, context, capsules, give, take };
}

describe.each(['intl', 'sm'] as const)('fragments of suite %s', (name) => {
  const used = suite(name);
  const { curve } = used;
  const w = world(used);
  const add = (text: string, k = 5n) => toBase64url(curve.encode(curve.decode(fromBase64url(text)).add(curve.base(k))));
  const shifted = (text: string) => toBase64url(curve.scalarBytes(curve.mod(curve.scalarOf(fromBase64url(text)) + 1n)));
  const shifted32 = (bytes: Uint8Array) => curve.scalarBytes(curve.mod(curve.scalarOf(bytes) + 1n));

  it('open what an authorized set gives, also after a trip through JSON and on the other backend', () => {
    checkDeal(used, w.deal);
    for (const [name, share] of w.shares) acceptShare(used, w.deal, name, share);
    const boxed = set.map(w.give).map((one) => JSON.parse(JSON.stringify(one)) as typeof one);
    const keys = w.sealed.map(({ key }) => toHex(key));
    expect(openCapsules(used, w.deal, w.capsules, boxed.map(w.take)).map(toHex)).toEqual(keys);
    const other = portable.suite(name);
    portable.checkDeal(other, w.deal);
    const taken = boxed.map((one) =>
      portable.unboxFragments(other, w.deal, w.reader.privateKey, w.context, w.capsules, one),
    );
    expect(portable.openCapsules(other, w.deal, w.capsules, taken).map(toHex)).toEqual(keys);
  });

  it('open by the emergency branch, and with more fragments than needed', () => {
    const all = [...w.shares.keys()].map(w.give).map(w.take);
    const keys = w.sealed.map(({ key }) => toHex(key));
    expect(openCapsules(used, w.deal, w.capsules, all).map(toHex)).toEqual(keys);
    const emergency = all.filter((one) => ['ed@a', 'ed@c'].includes(one.leaf));
    expect(openCapsules(used, w.deal, w.capsules, emergency).map(toHex)).toEqual(keys);
  });

  it('are refused when a leaf is given twice, the formula is not met, or they are of other capsules', () => {
    const [patient, attending, custodian] = set.map(w.give).map(w.take);
    const open = (...given: (typeof patient)[]) => openCapsules(used, w.deal, w.capsules, given as never);
    expect(() => open(patient, attending, attending)).toThrow('given twice');
    expect(() => open(attending, custodian)).toThrow('not met');
    expect(() => openCapsules(used, w.deal, w.capsules.slice(1), [patient!, attending!, custodian!])).toThrow(
      'other capsules',
    );
    expect(() => openCapsules(used, w.deal, [...w.capsules].reverse(), [patient!, attending!, custodian!])).toThrow(
      'other capsules',
    );
  });

  describe('of a batch that was changed inside the box', () => {
    const bound = (context = w.context) =>
      frame(
        'medshare/fragments/1',
        used.name,
        'attending@a',
        context.deal,
        context.grant,
        fromBase64url(context.reader),
        context.purpose,
        context.expiresAt,
        toBase64url(
          used.hash(
            frame(
              'medshare/capsules/1',
              used.name,
              ...w.capsules.flatMap(({ section, E }) => [section, fromBase64url(E)]),
            ),
          ),
        ),
      );
    const given = () => unbox(used, w.reader.privateKey, fromBase64url(w.give('attending@a').box), bound());
    const retake = (inside: Uint8Array) =>
      w.take({
        version: 1,
        kind: 'boxed',
        leaf: 'attending@a',
        box: toBase64url(box(used, w.reader.publicKey, inside, bound())),
      });
    const moved = (inside: Uint8Array, at: number, k: bigint) => {
      const changed = inside.slice();
      const point = curve.decode(inside.slice(33 * at, 33 * at + 33)).add(curve.base(curve.mod(k)));
      changed.set(curve.encode(point), 33 * at);
      return changed;
    };

    it('are taken unchanged (control)', () => {
      expect(retake(given()).leaf).toBe('attending@a');
    });

    const wrong: [string, (inside: Uint8Array) => Uint8Array, RegExp][] = [
      ['forged', (inside) => moved(inside, 0, 5n), /attending@a: proof/],
      ['with errors that cancel', (inside) => moved(moved(inside, 0, 5n), 1, -5n), /attending@a: proof/],
      [
        'swapped',
        (inside) => {
          const changed = inside.slice();
          changed.set(inside.subarray(33, 66), 0);
          changed.set(inside.subarray(0, 33), 33);
          return changed;
        },
        /attending@a: proof/,
      ],
      [
        'with another response',
        (inside) => {
          const c = inside.slice();
          c.set(shifted32(inside.slice(-32)), c.length - 32);
          return c;
        },
        /attending@a: proof/,
      ],
      [
        'with a response out of range',
        (inside) => {
          const c = inside.slice();
          c.fill(255, c.length - 32);
          return c;
        },
        /attending@a: proof/,
      ],
      [
        'with no response',
        (inside) => {
          const c = inside.slice();
          c.fill(0, c.length - 64);
          return c;
        },
        /attending@a: proof/,
      ],
      [
        'with the identity',
        (inside) => {
          const c = inside.slice();
          c.fill(0, 0, 33);
          return c;
        },
        /attending@a: encoding/,
      ],
      ['short', (inside) => inside.subarray(33), /attending@a: length/],
      ['long', (inside) => Uint8Array.of(...inside, 0), /attending@a: length/],
    ];
    it.each(wrong)('are refused %s', (_, change, message) => {
      expect(() => retake(change(given()))).toThrow(message);
    });
  });

  it('are refused for another leaf, reader, purpose, expiry, grant, batch, deal or kind', () => {
    const boxed = w.give('attending@a');
    const { deal: other } = deal(used, formula, { ...about, epoch: 2 });
    const stranger = used.generateKeyPair();
    const taken =
      (
        change: Partial<GrantContext>,
        capsules: Capsule[] = w.capsules,
        key = w.reader.privateKey,
        given: Deal = w.deal,
      ) =>
      () =>
        unboxFragments(used, given, key, { ...w.context, ...change }, capsules, boxed);
    expect(taken({})).not.toThrow();
    expect(() => w.take({ ...boxed, leaf: 'custodian@b' })).toThrow('custodian@b: the box does not open');
    expect(() => w.take({ ...boxed, leaf: 'nobody@a' })).toThrow('leaf nobody@a missing');
    expect(() => w.take({ ...boxed, leaf: '__proto__' })).toThrow('missing');
    expect(() => w.take({ ...boxed, kind: 'additive' as 'boxed' })).toThrow('kind');
    expect(taken({ purpose: 'HRESCH' })).toThrow('does not open');
    expect(taken({ expiresAt: 101 })).toThrow('does not open');
    expect(taken({ grant: 'grant-2' })).toThrow('does not open');
    expect(taken({ reader: toBase64url(stranger.publicKey) })).toThrow('does not open');
    expect(taken({}, w.capsules, stranger.privateKey)).toThrow('does not open');
    expect(taken({}, w.capsules.slice(1))).toThrow('does not open');
    expect(taken({ deal: other.id })).toThrow('another deal');
    expect(taken({ deal: other.id }, w.capsules, w.reader.privateKey, other)).toThrow('another deal');
  });

  it('are not given for a wrong share, capsule, deal or reader', () => {
    const share = w.shares.get('attending@a')!;
    const give =
      (change: Partial<GrantContext>, capsules = w.capsules, by = share) =>
      () =>
        boxFragments(used, w.deal, 'attending@a', by, { ...w.context, ...change }, capsules);
    const [first] = w.capsules;
    expect(give({})).not.toThrow();
    expect(give({}, w.capsules, shifted32(share))).toThrow('share of attending@a');
    expect(give({}, w.capsules, new Uint8Array(32))).toThrow('share of attending@a');
    expect(give({}, [{ ...first!, E: add(first!.E) }])).toThrow('capsule of s1: proof');
    expect(give({}, [{ ...first!, section: 's9' }])).toThrow('capsule of s9: proof');
    expect(give({}, [])).toThrow('capsules at once');
    expect(give({ deal: 'another' })).toThrow('another deal');
    expect(give({ reader: toBase64url(new Uint8Array(33)) })).toThrow('not a point');
  });

  it('need capsules with their proofs', () => {
    const other = deal(used, formula, { ...about, epoch: 2 }).deal;
    const [one] = w.capsules as [Capsule];
    const refuse = (capsule: Capsule, message: string, against = w.deal) =>
      expect(() => checkCapsule(used, against, capsule)).toThrow(message);
    checkCapsule(used, w.deal, one);
    refuse(one, 'another deal or epoch', other);
    refuse({ ...one, deal: other.id }, 'proof', other);
    refuse({ ...one, T: add(one.T) }, 'proof');
    refuse({ ...one, z: shifted(one.z) }, 'proof');
    refuse({ ...one, z: toBase64url(new Uint8Array(32)) }, 'encoding');
    refuse({ ...one, z: toBase64url(new Uint8Array(32).fill(255)) }, 'encoding');
    refuse({ ...one, E: toBase64url(new Uint8Array(33)) }, 'encoding');
    refuse({ ...one, version: 2 as 1 }, 'shape');
    refuse({ ...one, more: 1 } as Capsule, 'shape');
    expect(() => sealCapsule(used, w.deal, '')).toThrow('section id');
    expect(() => sealCapsule(used, w.deal, 'x'.repeat(65))).toThrow('section id');
  });

  it('name the wrong capsule of many, also when two errors cancel', () => {
    const ten = Array.from({ length: 10 }, (_, i) => sealCapsule(used, w.deal, `t${i}`).capsule);
    checkCapsules(used, w.deal, ten);
    const one = ten.map((capsule, i) => (i === 6 ? { ...capsule, E: add(capsule.E) } : capsule));
    expect(() => checkCapsules(used, w.deal, one)).toThrow('capsule of t6: proof');
    const less = (text: string) => toBase64url(curve.scalarBytes(curve.mod(curve.scalarOf(fromBase64url(text)) - 1n)));
    const two = ten.map((capsule, i) =>
      i === 6 ? { ...capsule, z: shifted(capsule.z) } : i === 7 ? { ...capsule, z: less(capsule.z) } : capsule,
    );
    expect(() => checkCapsules(used, w.deal, two)).toThrow('capsule of t6: proof');
  });

  it('need a deal whose commitments fit', () => {
    const good = w.deal;
    const { 'attending@a': _, ...missing } = good.leaves;
    const identity = toBase64url(new Uint8Array(33));
    const gate = good.gates['g1']!;
    const refuse = (change: Partial<Record<keyof Deal, unknown>>) =>
      expect(() => checkDeal(used, { ...good, ...change } as Deal)).toThrow(/^(deal|formula)/);
    refuse({ leaves: { ...good.leaves, 'attending@a': add(good.leaves['attending@a']!) } });
    refuse({ leaves: { ...good.leaves, 'attending@a': identity } });
    refuse({ leaves: { ...good.leaves, 'more@a': good.root } });
    refuse({ leaves: missing });
    refuse({ gates: { ...good.gates, g1: [add(gate[0]!)] } });
    refuse({ gates: { ...good.gates, g1: [identity] } });
    refuse({ gates: { ...good.gates, g1: [] } });
    refuse({ gates: { ...good.gates, g1: [...gate, gate[0]] } });
    refuse({ gates: { ...good.gates, g9: [gate[0]] } });
    refuse({ root: add(good.root) });
    refuse({ key: add(good.key) });
    refuse({ key: identity });
    refuse({ about: { ...about, epoch: 2 } });
    refuse({ formula: { k: 3, of: [leaf('a@a'), leaf('b@b')] } });
    refuse({ formula: JSON.parse(canonical(formula).replace('"k":2', '"k":1')) as unknown });
    refuse({ suite: name === 'sm' ? 'intl' : 'sm' });
    refuse({ id: `A${good.id.slice(1)}` === good.id ? `B${good.id.slice(1)}` : `A${good.id.slice(1)}` });
    refuse({ version: 2 });
    refuse({ more: 1 } as never);
    const share = w.shares.get('attending@a')!;
    expect(() => acceptShare(used, good, 'attending@a', shifted32(share))).toThrow('share of attending@a');
    expect(() => acceptShare(used, good, 'custodian@b', share)).toThrow('share of custodian@b');
    expect(() => acceptShare(used, good, 'attending@a', new Uint8Array(32))).toThrow('share of attending@a');
    expect(() => acceptShare(used, good, 'constructor', share)).toThrow('missing');
  });

  it('show a reader nothing about another capsule', () => {
    const later = sealCapsule(used, w.deal, 'later');
    const values = set.map(w.give).map(w.take);
    const forged = values.map((one) => ({ ...one, values: one.values.slice(0, 1) }));
    expect(() => openCapsules(used, w.deal, [later.capsule], forged)).toThrow('other capsules');
  });
});

it('parses the deal’s formula back to the same', () => {
  expect(parseFormula(deal(suite('intl'), formula, about).deal.formula)).toEqual(formula);
  expect(utf8('x')).toHaveLength(1);
});
