import { uuidFrom } from './index.js';

describe('uuidFrom', () => {
  it('sets version 8 and the variant, and nothing else', () => {
    expect(uuidFrom(new Uint8Array(32).fill(0xff))).toBe('ffffffff-ffff-8fff-bfff-ffffffffffff');
    expect(uuidFrom(new Uint8Array(16))).toBe('00000000-0000-8000-8000-000000000000');
    expect(() => uuidFrom(new Uint8Array(15))).toThrow('internal');
  });
});
