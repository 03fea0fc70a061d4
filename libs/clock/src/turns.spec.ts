import { Turns } from './turns.js';

describe('turns', () => {
  it('are taken so many at a time, first come first served, also after failures', async () => {
    const turns = new Turns(2);
    const begun: number[] = [];
    let [running, most] = [0, 0];
    const work = (n: number) => async () => {
      begun.push(n);
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
      if (n === 1) throw new Error('one');
    };
    const all = await Promise.allSettled(Array.from({ length: 10 }, (_, n) => turns.take(work(n))));
    expect([most, begun]).toEqual([2, Array.from({ length: 10 }, (_, n) => n)]);
    expect(all.filter(({ status }) => status === 'rejected')).toHaveLength(1);
  });
});
