import { setTimeout as sleep } from 'node:timers/promises';
import { systemRandom } from '@medshare/clock';
import { Submissions } from './submissions.js';

const open = (change = {}) =>
  new Submissions({ submissions: 20, conflictRetries: 5, conflictPauseMs: 4, ...change }, systemRandom);

/** An attempt that loses its first races, and how many ran beside each other after the first try. */
function racer(loses: number, beside: { now: number; most: number }) {
  let tries = 0;
  return async () => {
    const again = tries++ > 0;
    if (again) beside.most = Math.max(beside.most, ++beside.now);
    await sleep(1);
    if (again) beside.now -= 1;
    return tries > loses ? tries : undefined;
  };
}

describe('submissions', () => {
  it('are tried again until they win, those that lost one after another', async () => {
    const submissions = open();
    const beside = { now: 0, most: 0 };
    const won = await Promise.all([0, 1, 2, 3, 5].map((loses) => submissions.run(racer(loses, beside))));
    expect(won).toEqual([1, 2, 3, 4, 6]);
    expect(beside.most).toBe(1);
  });

  it('give up after so many races, and let the next one through', async () => {
    const submissions = open();
    const beside = { now: 0, most: 0 };
    const lost = submissions.run(racer(6, beside));
    const next = submissions.run(racer(1, beside));
    await expect(lost).rejects.toMatchObject({ code: 'ledger.conflict', detail: 'lost 5 races' });
    expect(await next).toBe(2);
  });

  it('are refused when too many are under way, and taken when one has ended, however it ended', async () => {
    const submissions = open({ submissions: 1 });
    const failing = submissions.run(async () => {
      await sleep(1);
      throw new Error('refused');
    });
    await expect(submissions.run(() => Promise.resolve(1))).rejects.toMatchObject({ code: 'ledger.unavailable' });
    await expect(failing).rejects.toThrow('refused');
    expect(await submissions.run(() => Promise.resolve(1))).toBe(1);
  });

  it('end with their client, in the midst of a pause', async () => {
    const submissions = open({ conflictPauseMs: 600_000, conflictRetries: 100 });
    const pausing = submissions.run(() => Promise.resolve(undefined));
    await sleep(5);
    submissions.close();
    await expect(pausing).rejects.toMatchObject({ code: 'service.stopping' });
    await expect(submissions.run(() => Promise.resolve(1))).rejects.toMatchObject({ code: 'service.stopping' });
  });
});
