import fc from 'fast-check';
import { problem } from '@medshare/problems';
import { GroupCommit, type GroupCommitOptions } from './group-commit.js';

const make = (options: Partial<GroupCommitOptions<number, string>> = {}) => {
  const groups: number[][] = [];
  const commit = (group: readonly number[]) => {
    groups.push([...group]);
    return Promise.resolve(group.map(String));
  };
  const base = { commit, sizeOf: () => 1, keyOf: String, atOnce: 1, maxItems: 4, maxBytes: 100, maxWaitingBytes: 1000 };
  return { groups, queue: new GroupCommit<number, string>({ ...base, ...options }) };
};

describe('group commit', () => {
  it('answers each item its own, keeps the order and the bounds of a group', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(1000), { maxLength: 40 }), async (items) => {
        const { groups, queue } = make();
        const answers = await Promise.all(items.map((item) => queue.submit(item)));
        expect(answers).toEqual(items.map(String));
        expect(groups.flat()).toEqual(items);
        expect(groups.every((group) => group.length <= 4)).toBe(true);
        expect(groups.length).toBe(Math.ceil(items.length / 4));
      }),
    );
  });

  it('bounds a group by bytes, yet takes an item that is larger alone', async () => {
    const { groups, queue } = make({ sizeOf: (item) => item, maxBytes: 10 });
    await Promise.all([8, 2, 50, 1].map((item) => queue.submit(item)));
    expect(groups).toEqual([[8, 2], [50], [1]]);
  });

  it('refuses past what may wait, and takes more once it is gone', async () => {
    const { queue } = make({ maxWaitingBytes: 2 });
    const kept = [queue.submit(1), queue.submit(2)];
    await expect(queue.submit(3)).rejects.toMatchObject({ code: 'request.rate-limited' });
    await Promise.all(kept);
    await expect(queue.submit(4)).resolves.toBe('4');
  });

  it('lets one bad item fail alone', async () => {
    const commit = (group: readonly number[]) =>
      group.includes(13) ? Promise.reject(new Error('no')) : Promise.resolve(group.map(String));
    const { queue } = make({ commit });
    const answers = await Promise.allSettled([1, 13, 2].map((item) => queue.submit(item)));
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('does not try one by one when the database is away', async () => {
    let tried = 0;
    const commit = () => {
      tried += 1;
      return Promise.reject(problem('storage.unavailable'));
    };
    const { queue } = make({ commit });
    const answers = await Promise.allSettled([1, 2, 3].map((item) => queue.submit(item)));
    expect(answers.every(({ status }) => status === 'rejected')).toBe(true);
    expect(tried).toBe(1);
  });

  it('refuses single items that the commit refuses', async () => {
    const commit = (group: readonly number[]) =>
      Promise.resolve(group.map((item) => (item === 2 ? problem('hl7.duplicate-conflict') : String(item))));
    const { queue } = make({ commit });
    await expect(queue.submit(2)).rejects.toMatchObject({ code: 'hl7.duplicate-conflict' });
  });

  it('finishes what was submitted when it stops', async () => {
    const { queue } = make();
    const kept = queue.submit(1);
    await queue.stop();
    await expect(kept).resolves.toBe('1');
    await expect(queue.submit(2)).rejects.toMatchObject({ code: 'service.stopping' });
  });

  it('has several transactions under way, never two of one key, and keeps the order of each', async () => {
    let most = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(5), { minLength: 1, maxLength: 40 }), fc.nat(3), async (keys, pause) => {
        const underWay = new Set<string>();
        const done = new Map<string, number[]>();
        let running = 0;
        const commit = async (group: readonly { key: string; n: number }[]) => {
          const own = new Set(group.map(({ key }) => key));
          for (const key of own) expect(underWay.has(key)).toBe(false);
          own.forEach((key) => underWay.add(key));
          most = Math.max(most, (running += 1));
          // later ones are faster
          for (let n = group[0]!.n % (pause + 1); n >= 0; n -= 1) await new Promise((resolve) => setImmediate(resolve));
          for (const { key, n } of group) done.set(key, [...(done.get(key) ?? []), n]);
          running -= 1;
          own.forEach((key) => underWay.delete(key));
          return group.map(({ n }) => n);
        };
        const sizeOf = () => 1;
        const bounds = { sizeOf, atOnce: 3, maxItems: 3, maxBytes: 100, maxWaitingBytes: 1000 };
        const queue = new GroupCommit<{ key: string; n: number }, number>({
          ...bounds,
          commit,
          keyOf: ({ key }) => key,
        });
        const answers = await Promise.all(keys.map((key, n) => queue.submit({ key: String(key), n })));
        expect(answers).toEqual(keys.map((_, n) => n));
        for (const numbers of done.values()) expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      }),
    );
    expect(most).toBe(3);
  });

  it('has a barrier under way alone, after all before it and before all after it, whatever their keys', async () => {
    let alone = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(6), { minLength: 2, maxLength: 40 }), fc.nat(3), async (keys, pause) => {
        const started: number[] = [];
        const ended: number[] = [];
        let running = 0;
        const commit = async (group: readonly number[]) => {
          running += 1;
          started.push(...group);
          for (let n = group[0]! % (pause + 1); n >= 0; n -= 1) await new Promise((resolve) => setImmediate(resolve));
          if (group.some((n) => keys[n] === 0)) {
            expect(running).toBe(1);
            alone += 1;
          }
          ended.push(...group);
          running -= 1;
          return group;
        };
        const bounds = { sizeOf: () => 1, atOnce: 3, maxItems: 3, maxBytes: 100, maxWaitingBytes: 1000 };
        const isBarrier = (n: number) => keys[n] === 0;
        const queue = new GroupCommit<number, number>({ ...bounds, commit, keyOf: (n) => String(keys[n]), isBarrier });
        await Promise.all(keys.map((_, n) => queue.submit(n)));
        for (const [n, key] of keys.entries()) {
          if (key !== 0) continue;
          expect(new Set(ended.slice(0, ended.indexOf(n)))).toEqual(new Set(keys.slice(0, n).map((_, m) => m)));
          expect(Math.min(...started.slice(started.indexOf(n)))).toBe(n);
        }
      }),
    );
    expect(alone).toBeGreaterThan(50);
  });
});
