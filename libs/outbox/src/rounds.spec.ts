import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@medshare/testkit';
import { backoffOf, Rounds } from './rounds.js';

const hour = 3_600_000;

describe('rounds', () => {
  it('follow at once while something was done, and after a wake', async () => {
    const todo = [3, 1, 0];
    let begun = 0;
    const rounds = new Rounds({
      round: () => Promise.resolve(todo[begun++] ?? 0),
      failed: () => undefined,
      idle: hour,
    });
    rounds.start();
    await eventually(() => begun === 3);
    await sleep(20);
    expect(begun).toBe(3);
    rounds.wake();
    await eventually(() => begun === 4);
    await rounds.stop();
    expect([begun, rounds.stopping]).toEqual([4, true]);
  });

  it('lose no wake that comes while one is under way', async () => {
    let begun = 0;
    let end: (done: number) => void = () => undefined;
    const round = () => new Promise<number>((resolve) => ((begun += 1), (end = resolve)));
    const rounds = new Rounds({ round, failed: () => undefined, idle: hour });
    rounds.start();
    rounds.wake();
    end(0);
    await eventually(() => begun === 2);
    const stopped = rounds.stop();
    end(0);
    await stopped;
    expect(begun).toBe(2);
  });

  it('go on after one that failed, with a rest between', async () => {
    const failures: unknown[] = [];
    let begun = 0;
    const round = () => ((begun += 1), begun === 1 ? Promise.reject(new Error('away')) : Promise.resolve(0));
    const rounds = new Rounds({ round, failed: (caught) => failures.push(caught), idle: 30 });
    rounds.start();
    await eventually(() => begun === 2);
    await rounds.stop();
    expect(failures).toEqual([new Error('away')]);
  });

  it('end with the round under way', async () => {
    let ended = false;
    const round = () => sleep(50).then(() => ((ended = true), 1));
    const rounds = new Rounds({ round, failed: () => undefined, idle: hour });
    rounds.start();
    await rounds.stop();
    expect(ended).toBe(true);
  });
});

it('waits double with every failure, up to a limit that holds for any number of them', () => {
  const of = (failures: number) => backoffOf({ first: 500, limit: 60_000 }, failures);
  expect([1, 2, 3, 7, 8, 9, 1e9].map(of)).toEqual([500, 1000, 2000, 32_000, 60_000, 60_000, 60_000]);
});
