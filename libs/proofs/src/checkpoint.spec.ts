import fc from 'fast-check';
import { checkpointText, parseCheckpoint, type Checkpoint } from './index.js';

const good: Checkpoint = { origin: 'east/harbor/audit', size: 7, root: 'A'.repeat(43), time: 1_700_000_000_000 };
const text = `medshare/checkpoint/1\neast/harbor/audit\n7\n${'A'.repeat(43)}\n1700000000000\n`;

describe('checkpoint', () => {
  it('has one text', () => {
    expect(checkpointText(good)).toBe(text);
    expect(parseCheckpoint(text)).toEqual(good);
  });

  it('comes back from its text', () => {
    const root = fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((bytes) => Buffer.from(bytes).toString('base64url'));
    const origin = fc.stringMatching(/^[!-~]{1,200}$/);
    fc.assert(
      fc.property(fc.record({ origin, size: fc.maxSafeNat(), root, time: fc.maxSafeNat() }), (checkpoint) => {
        expect(parseCheckpoint(checkpointText(checkpoint))).toEqual(checkpoint);
      }),
    );
  });

  const wrong: [string, Partial<Checkpoint>][] = [
    ['an origin with a line end', { origin: 'east\n8' }],
    ['a blank in the origin', { origin: 'a b' }],
    ['no origin', { origin: '' }],
    ['a negative size', { size: -1 }],
    ['a fraction', { size: 0.5 }],
    ['a time beyond', { time: 2 ** 53 }],
    ['a short root', { root: 'A'.repeat(42) }],
    ['a root with stray bits', { root: `${'A'.repeat(42)}B` }],
    ['a root with padding', { root: `${'A'.repeat(43)}=` }],
  ];
  it.each(wrong)('refuses %s', (_, change) => {
    expect(() => checkpointText({ ...good, ...change })).toThrow(RangeError);
  });

  it.each([
    text.trimEnd(),
    `${text}\n`,
    text.replace('/1\n', '/2\n'),
    text.replace('\n7\n', '\n07\n'),
    text.replace('\n7\n', '\n+7\n'),
    text.replace('\n7\n', '\n7 \n'),
    text.replaceAll('\n', '\r\n'),
    '',
  ])('refuses to read %j', (other) => {
    expect(() => parseCheckpoint(other)).toThrow(RangeError);
  });
});
