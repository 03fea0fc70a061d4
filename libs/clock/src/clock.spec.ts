import { systemClock, systemRandom } from './index.js';

describe('the system clock and randomness', () => {
  it('tells milliseconds since the epoch', () => {
    const before = Date.now();
    const now = systemClock.now();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });

  it('gives as many bytes as asked, different each time', () => {
    const [one, two] = [systemRandom.bytes(32), systemRandom.bytes(32)];
    expect([one.length, two.length, systemRandom.bytes(0).length]).toEqual([32, 32, 0]);
    expect(one).not.toEqual(two);
    expect(Object.getPrototypeOf(one)).toBe(Uint8Array.prototype);
  });

  it.each([-1, 1.5, Number.NaN, 65_537])('refuses %p bytes', (n) => {
    expect(() => systemRandom.bytes(n)).toThrow(RangeError);
  });

  it('gives version 4 UUIDs', () => {
    expect(systemRandom.uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
