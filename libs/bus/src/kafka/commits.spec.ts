import { eventually } from '@medshare/testkit';
import { Commits, type Reached } from './commits.js';

describe('what was done of some partitions', () => {
  /** How often the brokers are away. */
  let failures: number;
  let made: (readonly Reached[])[];
  beforeEach(() => void ([failures, made] = [0, []]));
  const commits = (more: { everyMs?: number; most?: number } = {}) =>
    new Commits({
      ...{ everyMs: 20, most: 100, ...more },
      commit: async (reached) => {
        await new Promise(setImmediate);
        if (failures-- > 0) throw new Error('away');
        made.push(reached);
      },
    });
  const at = (partition: number, offset: number): Reached => ({ partition, offset: String(offset) });

  it('is committed together, once, after a while', async () => {
    const one = commits();
    for (const [partition, next] of [
      [0, 4],
      [3, 9],
      [0, 5],
    ] as const)
      await one.reach(partition, next, 1);
    expect(made).toEqual([]);
    await eventually(() => made.length > 0);
    await one.now();
    expect(made).toEqual([[at(0, 5), at(3, 9)]]);
  });

  it('is committed at once when it is much', async () => {
    const one = commits({ everyMs: 3_600_000, most: 10 });
    await one.reach(0, 9, 9);
    expect(made).toEqual([]);
    await one.reach(1, 1, 1);
    expect(made).toEqual([[at(0, 9), at(1, 1)]]);
  });

  it('is committed when the brokers are back', async () => {
    failures = 3;
    const one = commits();
    await one.reach(0, 4, 1);
    await eventually(() => made.length > 0);
    expect(made).toEqual([[at(0, 4)]]);
    expect(failures).toBeLessThan(0);
  });

  it('is not forgotten when more is done while a commit is under way', async () => {
    const one = commits({ everyMs: 3_600_000 });
    await one.reach(0, 4, 1);
    const first = one.now();
    await new Promise(process.nextTick);
    await one.reach(0, 5, 1);
    await first;
    await one.now();
    expect(made).toEqual([[at(0, 4)], [at(0, 5)]]);
  });

  it('is not committed by a consumer that is gone, however late its handlers end', async () => {
    let tries = 0;
    const one = new Commits({ everyMs: 5, most: 100, commit: () => Promise.reject(new Error(`gone ${++tries}`)) });
    await one.reach(0, 4, 1);
    await eventually(() => tries > 1);
    one.close();
    const before = tries;
    await one.reach(0, 5, 1);
    await one.now();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(tries).toBe(before);
  });

  it('is forgotten when it is another’s', async () => {
    const one = commits();
    await one.reach(0, 4, 1);
    one.forget();
    await one.now();
    await one.reach(1, 2, 1);
    await one.now();
    expect(made).toEqual([[at(1, 2)]]);
  });
});
