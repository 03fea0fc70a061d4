import fc from 'fast-check';
import { followEvents, type Heard, type Told } from './follow-events.js';

const event = (...numbers: number[]): Told => ({ type: 'event-notification', since: Math.max(...numbers), numbers });
const after = (...tolds: Told[]) =>
  tolds.reduce<ReturnType<typeof followEvents> | undefined>((known, told) => followEvents(known, told), undefined)!;

describe('events of a subscription', () => {
  it.each<[string, Told[], Partial<ReturnType<typeof followEvents>>]>([
    ['a handshake', [{ type: 'handshake', since: 0, numbers: [] }], { last: 0, gaps: [] }],
    ['the first', [event(1)], { last: 1, gaps: [], fresh: [1] }],
    ['two at once', [event(1), event(2, 3)], { last: 3, gaps: [], fresh: [2, 3] }],
    ['a lost one', [event(1), event(3)], { last: 3, missing: [{ first: 2, last: 2 }], fresh: [3] }],
    ['the beginning, lost', [event(3)], { missing: [{ first: 1, last: 2 }] }],
    [
      'a late one',
      [event(1), event(5), event(3)],
      {
        last: 5,
        gaps: [
          { first: 2, last: 2 },
          { first: 4, last: 4 },
        ],
        fresh: [3],
        missing: [],
      },
    ],
    ['a repeated one', [event(1), event(2), event(1)], { last: 2, fresh: [], missing: [] }],
    [
      'a heartbeat that knows more',
      [event(1), { type: 'heartbeat', since: 4, numbers: [] }],
      { missing: [{ first: 2, last: 4 }] },
    ],
    ['a heartbeat without a count', [event(1), { type: 'heartbeat', numbers: [] }], { last: 1, missing: [] }],
    [
      'a count beyond its events',
      [{ ...event(1), since: 2 }],
      { last: 2, fresh: [1], missing: [{ first: 2, last: 2 }] },
    ],
  ])('knows %s', (_, tolds, expected) => expect(after(...tolds)).toMatchObject(expected));

  it('knows a subscription that counts from the beginning again', () => {
    const known = after({ ...event(7), at: 1000 });
    const again: Told = { type: 'handshake', since: 0, numbers: [], at: 2000 };
    expect(followEvents(known, again)).toMatchObject({ restarted: true, last: 0, gaps: [] });
    expect(followEvents(known, { ...event(1), at: 2000 })).toMatchObject({ restarted: true, last: 1, fresh: [1] });
    // what is only late is no restart
    expect(followEvents(known, { ...again, at: 500 })).toMatchObject({ restarted: false, last: 7 });
    expect(followEvents(known, { ...event(1), at: 500 })).toMatchObject({ restarted: false, last: 7, fresh: [1] });
    expect(followEvents(after(event(7)), { ...again, at: undefined })).toMatchObject({ restarted: true });
  });

  it('whatever is lost, repeated and reordered, are fresh at most once, and stand in a gap until they came', () => {
    const story = fc.array(
      fc.record({ numbers: fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 4 }), beyond: fc.nat(3) }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(story, (notifications) => {
        let known: Heard | undefined;
        const heard = new Set<number>();
        let last = 0;
        for (const { numbers, beyond } of notifications) {
          const since = Math.max(0, ...numbers) + beyond;
          const followed = followEvents(known, {
            type: numbers.length ? 'event-notification' : 'heartbeat',
            since,
            numbers,
          });
          last = Math.max(last, since);
          expect([...followed.fresh].sort()).toEqual(numbers.filter((number) => !heard.has(number)).sort());
          for (const number of numbers) heard.add(number);
          const missing = Array.from({ length: last }, (_, n) => n + 1).filter((number) => !heard.has(number));
          const gaps = followed.gaps.flatMap((gap) =>
            Array.from({ length: gap.last - gap.first + 1 }, (_, n) => gap.first + n),
          );
          expect([followed.last, gaps]).toEqual([last, missing]);
          known = followed;
        }
      }),
      { numRuns: 500 },
    );
  });
});
