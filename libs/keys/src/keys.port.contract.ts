import fc from 'fast-check';
import type { KeyEncryption } from './keys.port.js';

/** What the suite needs of a driver. */
export interface KeysUnderTest {
  readonly keys: KeyEncryption;
  /** the same keys, opened again */
  reopen(): Promise<KeyEncryption>;
  /** other keys of the same kind */
  strangers(): Promise<KeyEncryption>;
}

/** What every driver of key encryption promises. */
export const keysContract = (name: string, setUp: () => Promise<KeysUnderTest>) => {
  describe(`keys wrapped by ${name}`, () => {
    let under: KeysUnderTest;
    const key = Buffer.from('00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff', 'hex');
    beforeAll(async () => {
      under = await setUp();
    });

    it('come back, also after a restart', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.uint8Array({ minLength: 1, maxLength: 128 }),
          fc.string({ minLength: 1, maxLength: 40 }),
          async (plain, context) => {
            const wrapped = await under.keys.wrap(plain, context);
            expect(await (await under.reopen()).unwrap(wrapped, context)).toEqual(new Uint8Array(plain));
          },
        ),
        { numRuns: 30 },
      );
    });

    it('look different each time and never contain the key', async () => {
      const [one, two] = await Promise.all([under.keys.wrap(key, 'c'), under.keys.wrap(key, 'c')]);
      expect(one).not.toEqual(two);
      expect(Buffer.from(one).includes(key.subarray(0, 8))).toBe(false);
    });

    it('open in their context only', async () => {
      const wrapped = await under.keys.wrap(key, 'transit/1');
      await expect(under.keys.unwrap(wrapped, 'transit/2')).rejects.toMatchObject({ code: 'crypto.invalid' });
    });

    it('do not open when any bit has changed, or when cut', async () => {
      const wrapped = await under.keys.wrap(key, 'c');
      for (let i = 0; i < wrapped.length; i++) {
        const changed = Uint8Array.from(wrapped);
        changed[i]! ^= 1;
        const code = expect.stringMatching(/^(crypto\.invalid|crypto\.unsupported|vault\.key-unavailable)$/) as string;
        await expect(under.keys.unwrap(changed, 'c')).rejects.toMatchObject({ code });
      }
      for (const length of [0, 1, 20, wrapped.length - 1]) {
        await expect(under.keys.unwrap(wrapped.subarray(0, length), 'c')).rejects.toMatchObject({
          code: 'crypto.invalid',
        });
      }
    });

    it('do not open under another key', async () => {
      const wrapped = await (await under.strangers()).wrap(key, 'c');
      await expect(under.keys.unwrap(wrapped, 'c')).rejects.toMatchObject({ code: 'vault.key-unavailable' });
    });

    it.each([
      [Buffer.alloc(0), 'c'],
      [Buffer.alloc(4_097), 'c'],
      [Buffer.alloc(32), ''],
      [Buffer.alloc(32), 'x'.repeat(257)],
    ])('have limits', async (plain, context) => {
      await expect(under.keys.wrap(plain, context)).rejects.toMatchObject({ code: 'crypto.invalid' });
    });
  });
};
