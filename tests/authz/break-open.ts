import {
  boxFragments,
  openBytes,
  openCapsules,
  suite,
  toBase64url,
  unboxFragments,
  type Deal,
  type Fragments,
} from '@medshare/crypto';
import { leavesOf, parseFormula, satisfies, type Formula } from '@medshare/crypto/formula';
import type { Manifest, SealedSection } from '@medshare/events';

/** What is to be opened: everything about it that anybody who found the anchor has. */
export interface Target {
  deal: Deal;
  manifest: Manifest;
  section: SealedSection;
  ciphertext: Uint8Array;
}

/** What a coalition brings: shares of leaves, a reader's key, and any other secret bytes it found. */
export interface Loot {
  shares: ReadonlyMap<string, Uint8Array>;
  readerKey: Uint8Array;
  secrets: readonly Uint8Array[];
}

/** All subsets; of at most 16 things. */
export function subsets<T>(of: readonly T[]): T[][] {
  if (of.length > 16) throw new RangeError('too many');
  return Array.from({ length: 2 ** of.length }, (_, mask) => of.filter((_one, i) => mask & (1 << i)));
}

export const leavesIn = ({ formula }: Deal): string[] => [...leavesOf(parseFormula(formula))];
export const authorizes = ({ formula }: Deal, leaves: readonly string[]): boolean =>
  satisfies(parseFormula(formula), new Set(leaves));

/** Authorized sets of which no part is authorized. */
export const minimalSets = (deal: Deal): string[][] =>
  subsets(leavesIn(deal)).filter(
    (set) =>
      authorizes(deal, set) &&
      set.every(
        (leaf) =>
          !authorizes(
            deal,
            set.filter((other) => other !== leaf),
          ),
      ),
  );

/** Sets that are not authorized, and are with any further leaf. */
export const maximalUnauthorized = (deal: Deal): string[][] => {
  const all = leavesIn(deal);
  return subsets(all).filter(
    (set) => !authorizes(deal, set) && all.every((leaf) => set.includes(leaf) || authorizes(deal, [...set, leaf])),
  );
};

/**
 * Tries everything that the product's own algebra can be made to do with the loot, honestly and not: every authorized set, every other
 * formula over what is held, held values in the places of missing leaves, every secret as the key itself.
 * @returns what came out, or undefined; `tried` counts the keys
 */
export async function breakOpen(
  target: Target,
  loot: Loot,
): Promise<{ opened: Uint8Array | undefined; tried: number }> {
  let tried = 0;
  for (const key of keysFrom(target, loot)) {
    tried += 1;
    const opened = await unlock(target, key);
    if (opened) return { opened, tried };
  }
  return { opened: undefined, tried };
}

async function unlock({ manifest, section, ciphertext }: Target, key: Uint8Array): Promise<Uint8Array | undefined> {
  const sealing = { key, use: 'section', record: manifest.record, section: section.section, epoch: section.epoch };
  return openBytes(suite(manifest.suite), sealing, ciphertext).catch(() => undefined);
}

function* keysFrom(target: Target, loot: Loot): Generator<Uint8Array> {
  const held = fragmentsOf(target, loot);
  for (const secret of [...loot.secrets, ...loot.shares.values(), loot.readerKey])
    if (secret.length === 32) yield secret;
  for (const some of subsets(held)) {
    yield* combined(target, target.deal.formula, some);
    for (const formula of pretended(some.map(({ leaf }) => leaf))) yield* combined(target, formula, some);
  }
  for (const set of minimalSets(target.deal))
    for (const dressed of dressings(set, held)) yield* combined(target, target.deal.formula, dressed);
}

function fragmentsOf({ deal, section }: Target, { shares, readerKey }: Loot): Fragments[] {
  const used = suite(deal.suite);
  const reader = toBase64url(used.publicKeyOf(readerKey));
  const context = { grant: 'none', deal: deal.id, reader, purpose: 'TREAT', expiresAt: 0 };
  const capsules = [section.capsule!];
  return [...shares].map(([leaf, share]) =>
    unboxFragments(used, deal, readerKey, context, capsules, boxFragments(used, deal, leaf, share, context, capsules)),
  );
}

function* combined({ deal, section }: Target, formula: Formula, fragments: Fragments[]): Generator<Uint8Array> {
  try {
    yield* openCapsules(suite(deal.suite), { ...deal, formula }, [section.capsule!], fragments);
  } catch {
    // not an authorized set of this formula
  }
}

/** Formulas that these leaves would fill, had the key been dealt by them. */
function* pretended(leaves: readonly string[]): Generator<Formula> {
  const of = leaves.map((leaf) => ({ leaf }));
  const [only] = of;
  if (of.length === 1 && only) yield only;
  for (let k = 1; of.length > 1 && k <= of.length; k += 1) yield { k, of };
}

/** Every way to fill a set's places with what is held, each value under any name. */
function* dressings(set: readonly string[], held: readonly Fragments[]): Generator<Fragments[]> {
  const [leaf, ...rest] = set;
  if (leaf === undefined) return yield [];
  const own = held.filter((one) => one.leaf === leaf);
  for (const value of own.length > 0 ? own : held)
    for (const others of dressings(rest, held)) yield [{ ...value, leaf }, ...others];
  return undefined;
}
