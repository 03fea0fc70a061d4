import type { ConsentQuestion } from './evaluate-consents.js';

/**
 * A second reading of the same rules, made another way for tests: it walks the raw JSON, lists every chain of provisions from the root and
 * keeps those that match to their end and no further; periods are tried in every zone. Slow, and of no other use.
 */
type Json = { readonly [key: string]: unknown };

const kinds: Record<string, string[]> = {
  HRESCH: ['HRESCH', 'CLINTRCH', 'PRECLINTRCH'],
  CLINTRCH: ['CLINTRCH', 'PRECLINTRCH'],
  PRECLINTRCH: ['PRECLINTRCH'],
  TREAT: ['TREAT', 'ETREAT', 'BTG'],
  ETREAT: ['ETREAT', 'BTG'],
  HPAYMT: ['HPAYMT'],
};
const labels: Record<string, (of: string) => boolean> = {
  N: (of) => of === 'ordinary',
  R: (of) => of !== 'ordinary',
  HIV: (of) => of === 'sensitive:hiv',
  PSY: (of) => of === 'sensitive:psychiatry',
};
const HOUR = 3_600_000;
const zones = Array.from({ length: 27 }, (_, i) => i - 12);

const list = (value: unknown): Json[] => (value === undefined ? [] : (value as Json[]));

function within(period: Json | undefined, type: unknown, at: number): boolean {
  if (period === undefined) return true;
  const { start, end } = period as { start?: string; end?: string };
  // whole days; the latest generated precision is a day or an instant with a zone
  const begins = (offset: number) =>
    start === undefined ||
    at >= Date.parse(start.length === 10 ? `${start}T00:00:00Z` : start) - (start.length === 10 ? offset * HOUR : 0);
  const ends = (offset: number) =>
    end === undefined ||
    at <= (end.length === 10 ? Date.parse(`${end}T23:59:59.999Z`) - offset * HOUR : Date.parse(end));
  return type === 'permit' ? zones.every(begins) && zones.every(ends) : zones.some(begins) && zones.some(ends);
}

function holds(provision: Json, { requester, purpose, class: of, at }: ConsentQuestion): boolean {
  const actors = list(provision['actor']).map((actor) => {
    const { reference, identifier } = actor['reference'] as { reference?: string; identifier?: Json };
    if (reference !== undefined) return reference === `Organization/${requester.institution}`;
    const [who, where] = String(identifier!['value']).split('@');
    if (where !== undefined && where !== requester.institution) return false;
    return identifier!['system'] === 'urn:medshare:role' ? requester.roles.includes(who!) : requester.person === who;
  });
  const purposes = list(provision['purpose']).map((one) => kinds[String(one['code'])]!.includes(purpose));
  const covered = list(provision['securityLabel']).map((one) => labels[String(one['code'])]!(of));
  return (
    within(provision['period'] as Json | undefined, provision['type'], at) &&
    [actors, purposes, covered].every((each) => each.length === 0 || each.includes(true))
  );
}

/** Ends of matching chains. */
function ends(provision: Json, question: ConsentQuestion): Json[] {
  const chains: Json[][] = [[provision]];
  const all: Json[][] = [];
  while (chains.length > 0) {
    const chain = chains.pop()!;
    all.push(chain);
    for (const child of list(chain.at(-1)!['provision'])) chains.push([...chain, child]);
  }
  const matching = all.filter((chain) => chain.every((one) => holds(one, question)));
  return matching
    .filter(
      (chain) => !matching.some((longer) => longer.length > chain.length && longer[chain.length - 1] === chain.at(-1)),
    )
    .map((chain) => chain.at(-1)!);
}

const odd = (value: unknown): boolean =>
  /"modifierExtension"|"XYZZY"|nowhere|"implicitRules"/.test(JSON.stringify(value));

export function naively(consents: readonly unknown[], question: ConsentQuestion): 'given' | 'refused' | 'unknown' {
  const votes = (consents as Json[])
    .filter((one) => one['status'] === 'active')
    .flatMap((one) =>
      odd(one) ? ['deny'] : ends(one['provision'] as Json, question).map((end) => String(end['type'])),
    );
  if (votes.includes('deny')) return 'refused';
  return votes.includes('permit') ? 'given' : 'unknown';
}
