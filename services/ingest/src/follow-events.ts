/** Event numbers from `first` to `last`, both included. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** What is known of a subscription: every event up to `last` was heard or stands in a gap. */
export interface Heard {
  readonly last: number;
  /** the source's own time of the newest notification, ms */
  readonly toldAt?: number | undefined;
  /** sorted, disjoint; events that never came */
  readonly gaps: readonly Range[];
}

/** What a notification says of its subscription's events. */
export interface Told {
  readonly type: 'handshake' | 'heartbeat' | 'event-notification';
  /** how many there were since the subscription began, this notification's included */
  readonly since?: number | undefined;
  /** the source's own time of the notification, ms */
  readonly at?: number | undefined;
  readonly numbers: readonly number[];
}

export interface Followed extends Heard {
  /** events of the notification that were not heard before */
  readonly fresh: readonly number[];
  /** events that are found missing now */
  readonly missing: readonly Range[];
  /** the source counts from the beginning again: what was known of its numbers is void */
  readonly restarted: boolean;
}

const nothing: Heard = { last: 0, gaps: [] };

/**
 * Follows the events of one subscription (Subscriptions R5 Backport 1.1, "Handling Event Notifications" and "Determining Missed Events"):
 * numbers grow by one an event, `events-since-subscription-start` tells how many there were, delivered or not. Whatever is lost,
 * repeated or reordered, each event is fresh at most once, and one that never came stands in a gap.
 */
export function followEvents(known: Heard | undefined, told: Told): Followed {
  const restarted = known !== undefined && isRestart(known, told);
  const { last: before, gaps, toldAt } = known === undefined || restarted ? nothing : known;
  const numbers = [...new Set(told.numbers)].sort((a, b) => a - b);
  const last = Math.max(before, told.since ?? 0, numbers.at(-1) ?? 0);
  const fresh = numbers.filter((number) => number > before || gaps.some((gap) => holds(gap, number)));
  const beyond = last > before ? without([{ first: before + 1, last }], numbers) : [];
  return {
    last,
    toldAt: Math.max(toldAt ?? 0, told.at ?? 0) || undefined,
    gaps: [...without(gaps, numbers), ...beyond],
    fresh,
    missing: beyond,
    restarted,
  };
}

/**
 * A count that is lower than before means a restart only when it is surely not an older notification that comes late: its source's time
 * is later, or it is a handshake that tells no time. Taken for a restart wrongly, events are fetched again and change nothing.
 */
function isRestart({ last, toldAt }: Heard, { type, since, at }: Told): boolean {
  if (since === undefined || since >= last) return false;
  return at === undefined || toldAt === undefined ? type === 'handshake' : at > toldAt;
}

const holds = ({ first, last }: Range, number: number): boolean => first <= number && number <= last;

/** @param numbers sorted */
function without(ranges: readonly Range[], numbers: readonly number[]): Range[] {
  return ranges.flatMap((range) => {
    const left: Range[] = [];
    let { first } = range;
    for (const number of numbers) {
      if (number < first || number > range.last) continue;
      if (number > first) left.push({ first, last: number - 1 });
      first = number + 1;
    }
    return first <= range.last ? [...left, { first, last: range.last }] : left;
  });
}
