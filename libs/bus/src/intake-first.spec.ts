import { IntakeFirst } from './intake-first.js';

const at = () => {
  let now = 1_000;
  return { intake: new IntakeFirst(() => now), pass: (ms: number) => (now += ms) };
};

describe('intake first', () => {
  it('leaves consumers alone while nothing is owed', async () => {
    const { intake } = at();
    expect(intake.waitMs()).toBe(0);
    await intake.turn();
  });

  it('holds consumers back while answers are owed, and a moment longer', () => {
    const { intake, pass } = at();
    intake.begin();
    expect(intake.waitMs()).toBeGreaterThan(0);
    pass(50);
    expect(intake.waitMs()).toBeGreaterThan(0);
    intake.end();
    expect(intake.waitMs()).toBeGreaterThan(0);
    pass(5);
    expect(intake.waitMs()).toBe(0);
  });

  it('gives consumers a fifth of the time when senders never pause', () => {
    const { intake, pass } = at();
    let theirs = 0;
    for (let ms = 0; ms < 10_000; ms += 1) {
      intake.begin();
      if (intake.waitMs() === 0) theirs += 1;
      pass(1);
      intake.end();
    }
    expect(theirs / 10_000).toBeCloseTo(0.2, 2);
  });

  it('counts anew after a pause', () => {
    const { intake, pass } = at();
    intake.begin();
    pass(450);
    expect(intake.waitMs()).toBe(0);
    intake.end();
    pass(100);
    intake.begin();
    pass(399);
    expect(intake.waitMs()).toBeGreaterThan(0);
    pass(1);
    expect(intake.waitMs()).toBe(0);
  });
});
