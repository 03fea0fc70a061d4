import { equalBytes, fromBase64url, toBase64url, utf8 } from './bytes.js';
import { canonical } from './canonical.js';
import type { Curve, Point } from './curve.js';
import { delta, leavesOf, parseFormula, type Formula } from './formula.js';
import { frame } from './frame.js';
import type { Suite, SuiteName } from './suite.js';

/** What a delegating key is for. All but `epoch` are opaque texts. */
export interface DealScope {
  readonly region: string;
  readonly institution: string;
  readonly episode: string;
  readonly class: string;
  /** From 0; a new key for the same episode and class has the next one. */
  readonly epoch: number;
}

/**
 * The public part of a delegating key shared down a formula. Points are 33 bytes, base64url. With root secret a₀:
 * `root` = a₀·G, `key` = Δ·a₀·G (what capsules are sealed to; Δ makes every Lagrange coefficient an integer),
 * `gates` = commitments to the coefficients 1 … k−1 of each gate's polynomial (Feldman), `leaves` = share·G of each leaf.
 * A gate's name is `g` and its number in the order of the tree.
 */
export interface Deal {
  readonly version: 1;
  readonly suite: SuiteName;
  readonly formula: Formula;
  readonly about: DealScope;
  readonly root: string;
  readonly gates: Readonly<Record<string, readonly string[]>>;
  readonly leaves: Readonly<Record<string, string>>;
  readonly key: string;
  /** Hash over all the rest, 32 bytes, base64url. */
  readonly id: string;
}

/** Shares by leaf, 32 bytes each. Secret: sent to their holders, then erased. */
export type Shares = Map<string, Uint8Array>;

type Gate = Extract<Formula, { k: number }>;

/** Visits a formula from the root; `open` gives the values of a gate's parts out of the gate's own. */
function descend<T>(
  formula: Formula,
  value: T,
  open: (gate: Gate, name: string, value: T) => T[],
  leaf: (name: string, value: T) => void,
): void {
  let gates = 0;
  const down = (part: Formula, own: T): void => {
    if ('leaf' in part) return leaf(part.leaf, own);
    const values = open(part, `g${gates++}`, own);
    part.of.forEach((child, i) => down(child, values[i]!));
  };
  down(formula, value);
}

const dealId = (suite: Suite, { id: _, ...content }: Deal): string =>
  toBase64url(suite.hash(frame('medshare/deal/1', suite.name, canonical(content))));

/**
 * Makes a fresh delegating key and shares it. The caller delivers the shares and erases them.
 * @param formula refused as `parseFormula` says
 * @returns shares of 32 bytes by leaf
 */
export function deal(suite: Suite, formula: Formula, about: DealScope): { deal: Deal; shares: Shares } {
  const { curve } = suite;
  const parsed = parseFormula(formula);
  const encoded = (k: bigint) => toBase64url(curve.encode(curve.base(k)));
  for (;;) {
    const root = curve.randomScalar();
    const dealt = shareOut(curve, parsed, root);
    // a share of zero has no commitment; it comes up once in 2^256
    if (!dealt) continue;
    const map = <T, U>(record: Map<string, T>, change: (value: T) => U): Record<string, U> =>
      Object.fromEntries([...record].map(([name, value]) => [name, change(value)]));
    const content = {
      version: 1 as const,
      suite: suite.name,
      formula: parsed,
      about: copyAbout(about),
      root: encoded(root),
      gates: map(dealt.gates, (coefficients) => coefficients.map(encoded)),
      leaves: map(dealt.shares, encoded),
      key: encoded(curve.mod(root * delta(parsed))),
    };
    const id = dealId(suite, { ...content, id: '' });
    const shares = new Map([...dealt.shares].map(([leaf, share]) => [leaf, curve.scalarBytes(share)]));
    return { deal: { ...content, id }, shares };
  }
}

const copyAbout = ({ region, institution, episode, class: of, epoch }: DealScope): DealScope => {
  if (!Number.isSafeInteger(epoch) || epoch < 0) throw new RangeError('an epoch is a number from 0');
  return { region, institution, episode, class: of, epoch };
};

/** Shamir's sharing at every gate; null if a share came out as zero. */
function shareOut(curve: Curve, formula: Formula, root: bigint) {
  const gates = new Map<string, bigint[]>();
  const shares = new Map<string, bigint>();
  let zero = false;
  descend(
    formula,
    root,
    (gate, name, value) => {
      const rest = Array.from({ length: gate.k - 1 }, () => curve.randomScalar());
      gates.set(name, rest);
      const polynomial = [value, ...rest];
      return gate.of.map((_, i) => polynomial.reduceRight((sum, c) => curve.mod(sum * BigInt(i + 1) + c), 0n));
    },
    (leaf, value) => {
      shares.set(leaf, value);
      zero ||= value === 0n;
    },
  );
  return zero ? null : { gates, shares };
}

const refused = (what: string): Error => new Error(`deal: ${what}`);

/** A deal's point; the message says which one is wrong. */
export function pointOf(curve: Curve, text: string | undefined, what: string): Point {
  if (text === undefined) throw refused(`${what} missing`);
  try {
    return curve.decode(fromBase64url(text));
  } catch {
    throw refused(what);
  }
}

const FIELDS = 'about,formula,gates,id,key,leaves,root,suite,version';

/**
 * Checks that every leaf's commitment is the value of its gates' committed polynomials and that `key` is Δ·root, so that every
 * authorized set of shares recombines to the secret of `key`; and the id. Whoever stores or uses a deal from elsewhere calls it.
 * @throws Error `deal: …` naming what is wrong
 */
export function checkDeal(suite: Suite, given: Deal): void {
  const { curve } = suite;
  if (Object.keys(given).sort().join() !== FIELDS || given.version !== 1) throw refused('shape');
  if (given.suite !== suite.name) throw refused('suite');
  const formula = parseFormula(given.formula);
  const root = pointOf(curve, given.root, 'root');
  const key = pointOf(curve, given.key, 'key');
  checkCommitments(curve, given, formula, root);
  if (!curve.multiplySmall(delta(formula), root).equals(key)) throw refused('key');
  if (!equalBytes(utf8(dealId(suite, given)), utf8(given.id))) throw refused('id');
}

function checkCommitments(curve: Curve, given: Deal, formula: Formula, root: Point): void {
  let gates = 0;
  if (Object.keys(given.leaves).length !== leavesOf(formula).length) throw refused('leaves');
  descend(
    formula,
    root,
    (gate, name, own) => {
      gates++;
      const commitments = given.gates[name];
      if (commitments?.length !== gate.k - 1) throw refused(`degree of gate ${name}`);
      const points = [own, ...commitments.map((text) => pointOf(curve, text, `gate ${name}`))];
      return gate.of.map((_, i) => evaluate(curve, points, BigInt(i + 1)));
    },
    (leaf, expected) => {
      if (!pointOf(curve, given.leaves[leaf], `leaf ${leaf}`).equals(expected)) throw refused(`leaf ${leaf}`);
    },
  );
  if (Object.keys(given.gates).length !== gates) throw refused('gates');
}

/** The committed polynomial at x, by Horner's rule. */
const evaluate = (curve: Curve, commitments: readonly Point[], x: bigint): Point =>
  commitments.reduceRight((sum, point) => curve.multiplySmall(x, sum).add(point), curve.zero);

/**
 * A holder checks its share against the (checked) deal before it acknowledges it.
 * @throws Error `deal: share of <leaf>`
 */
export function acceptShare(suite: Suite, given: Deal, leaf: string, share: Uint8Array): void {
  const { curve } = suite;
  const commitment = commitmentOf(curve, given, leaf);
  try {
    if (curve.base(curve.scalarOf(share)).equals(commitment)) return;
  } catch {
    // out of range: refused like a wrong one
  }
  throw refused(`share of ${leaf}`);
}

/** The dealer's commitment to a leaf. */
export function commitmentOf(curve: Curve, { leaves }: Deal, leaf: string): Point {
  return pointOf(curve, Object.hasOwn(leaves, leaf) ? leaves[leaf] : undefined, `leaf ${leaf}`);
}
