import { concat, fromBase64url, toBase64url, toBigInt } from './bytes.js';
import { box, unbox } from './box.js';
import { capsuleKey, decodeCapsules, readCapsules, type Capsule } from './capsule.js';
import type { Point } from './curve.js';
import { acceptShare, commitmentOf, type Deal } from './deal.js';
import { multiplyProved, provesEqualExponents } from './equal-exponents.js';
import { coefficients, parseFormula } from './formula.js';
import { frame } from './frame.js';
import type { Suite } from './suite.js';

/** What a release is for; all of it is bound into proof and box. */
export interface GrantContext {
  readonly grant: string;
  readonly deal: string;
  /** The reader's public key of this grant, 33 bytes, base64url. */
  readonly reader: string;
  readonly purpose: string;
  /** ms since the epoch */
  readonly expiresAt: number;
}

/**
 * A leaf's fragments of a batch of capsules, in a box to the reader. `kind` says how: `boxed` is the leaf's holder itself,
 * with no lasting key. Inside the box: share·E of each capsule (33 bytes), then challenge and response of one proof (32 each).
 */
export interface BoxedFragments {
  readonly version: 1;
  readonly kind: 'boxed';
  readonly leaf: string;
  /** base64url */
  readonly box: string;
}

/** A leaf's fragments whose proof held. */
export interface Fragments {
  readonly leaf: string;
  /** Which capsules, in their order. */
  readonly capsules: string;
  readonly values: readonly Point[];
}

const MAX_CAPSULES = 4096;
const POINT = 33;
const PROOF = 64;

const refused = (leaf: string, why: string): Error => new Error(`fragments of ${leaf}: ${why}`);

/** Hash over the batch. */
const digest = (suite: Suite, capsules: readonly Capsule[]): string =>
  toBase64url(
    suite.hash(
      frame('medshare/capsules/1', suite.name, ...capsules.flatMap(({ section, E }) => [section, fromBase64url(E)])),
    ),
  );

/** Everything that a proof and its box are bound to. */
const contextOf = (suite: Suite, leaf: string, context: GrantContext, capsules: readonly Capsule[]): Uint8Array => {
  const { grant, deal, reader, purpose, expiresAt } = context;
  const readerKey = fromBase64url(reader);
  return frame(
    'medshare/fragments/1',
    suite.name,
    leaf,
    deal,
    grant,
    readerKey,
    purpose,
    expiresAt,
    digest(suite, capsules),
  );
};

function checkBatch(leaf: string, deal: Deal, context: GrantContext, capsules: readonly Capsule[]): void {
  if (context.deal !== deal.id) throw refused(leaf, 'the grant is for another deal');
  if (capsules.length < 1 || capsules.length > MAX_CAPSULES)
    throw refused(leaf, `1 to ${MAX_CAPSULES} capsules at once`);
}

/**
 * A leaf holder answers a complete grant. Policy comes before: the caller has proved that the grant is complete, in force,
 * and that the capsules are anchored; it signs the result, since leaves under one OR have equal shares.
 * @param share 32 bytes, checked against the deal here
 * @throws Error for a capsule without its proof or of another deal, a share that is not the leaf's, a malformed reader key
 */
export function boxFragments(
  suite: Suite,
  deal: Deal,
  leaf: string,
  share: Uint8Array,
  context: GrantContext,
  capsules: readonly Capsule[],
): BoxedFragments {
  const { curve } = suite;
  checkBatch(leaf, deal, context, capsules);
  acceptShare(suite, deal, leaf, share);
  const from = decodeCapsules(suite, deal, capsules).map(({ E }) => E);
  const bound = contextOf(suite, leaf, context, capsules);
  const statement = { commitment: commitmentOf(curve, deal, leaf), from, context: bound };
  const { to, proof } = multiplyProved(suite, curve.scalarOf(share), statement);
  const inside = concat(
    ...to.map((point) => curve.encode(point)),
    curve.scalarBytes(proof.c),
    curve.scalarBytes(proof.z),
  );
  return {
    version: 1,
    kind: 'boxed',
    leaf,
    box: toBase64url(box(suite, fromBase64url(context.reader), inside, bound)),
  };
}

/**
 * The reader opens a leaf's fragments and checks them against the dealer's commitment.
 * @param deal checked before (`checkDeal`)
 * @throws Error naming the leaf: not for this reader, grant or batch, or the proof does not hold
 */
export function unboxFragments(
  suite: Suite,
  deal: Deal,
  readerPrivateKey: Uint8Array,
  context: GrantContext,
  capsules: readonly Capsule[],
  boxed: BoxedFragments,
): Fragments {
  const { curve } = suite;
  const leaf = String(boxed.leaf).slice(0, 82);
  if (boxed.version !== 1 || boxed.kind !== 'boxed') throw refused(leaf, 'kind');
  checkBatch(leaf, deal, context, capsules);
  const commitment = commitmentOf(curve, deal, leaf);
  const bound = contextOf(suite, leaf, context, capsules);
  const from = readCapsules(suite, deal, capsules);
  const inside = openBox(suite, leaf, readerPrivateKey, boxed.box, bound);
  if (inside.length !== POINT * capsules.length + PROOF) throw refused(leaf, 'length');
  const values = capsules.map((_, i) => decodePoint(suite, leaf, inside.subarray(POINT * i, POINT * (i + 1))));
  const [c, z] = [toBigInt(inside.subarray(-PROOF, -32)), toBigInt(inside.subarray(-32))];
  if (!provesEqualExponents(suite, { commitment, from, to: values, context: bound }, { c, z }))
    throw refused(leaf, 'proof');
  return { leaf, capsules: digest(suite, capsules), values };
}

function openBox(suite: Suite, leaf: string, privateKey: Uint8Array, boxed: string, bound: Uint8Array): Uint8Array {
  try {
    return unbox(suite, privateKey, fromBase64url(boxed), bound);
  } catch {
    throw refused(leaf, 'the box does not open');
  }
}

function decodePoint({ curve }: Suite, leaf: string, bytes: Uint8Array): Point {
  try {
    return curve.decode(bytes);
  } catch {
    throw refused(leaf, 'encoding');
  }
}

/**
 * The keys of capsules out of the fragments of an authorized set: Σ c(leaf)·share(leaf)·E = r·A with small integer c.
 * @param fragments what `unboxFragments` gave, for exactly these capsules; more than needed is fine
 * @returns 32 bytes for each capsule, in order
 * @throws Error for a leaf given twice, fragments of another batch, a formula that is not met
 */
export function openCapsules(
  suite: Suite,
  deal: Deal,
  capsules: readonly Capsule[],
  fragments: readonly Fragments[],
): Uint8Array[] {
  const byLeaf = new Map(fragments.map((one) => [one.leaf, one]));
  if (byLeaf.size !== fragments.length) throw new Error('fragments: a leaf is given twice');
  const wanted = digest(suite, capsules);
  for (const { leaf, capsules: batch, values } of fragments)
    if (batch !== wanted || values.length !== capsules.length) throw refused(leaf, 'of other capsules');
  const by = coefficients(parseFormula(deal.formula), new Set(byLeaf.keys()));
  if (!by) throw new Error('fragments: the formula is not met');
  return capsules.map((capsule, i) => {
    const { curve } = suite;
    const terms = [...by].map(([leaf, k]) => curve.multiplySmall(k, byLeaf.get(leaf)!.values[i]!));
    const shared = terms.reduce((sum, term) => sum.add(term), curve.zero);
    return capsuleKey(suite, shared, capsule);
  });
}
