import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { encoders, gb18030 } from './encodings.js';
import { MarkerScanner } from './marker-scanner.js';

const markers = ['Quillfeather', '麒麟犇鱻龘', '110101199912310099'];
const scanner = new MarkerScanner(markers);

describe('the scanner', () => {
  it.each(markers.flatMap((marker) => Object.keys(encoders).map((encoding) => [marker, encoding] as const)))(
    'finds %s in %s wherever it stands',
    (marker, encoding) => {
      for (const [index, bytes] of encoders[encoding]!(marker).entries()) {
        const around = Buffer.concat([randomBytes(1000 + index), bytes, randomBytes(50)]);
        expect(scanner.scan(around)).toContainEqual(expect.objectContaining({ marker, offset: 1000 + index }));
        expect(scanner.scan(bytes)).toHaveLength(1);
      }
    },
  );

  it('finds a marker inside a longer text that was encoded as a whole', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 20 }),
        fc.uint8Array({ maxLength: 20 }),
        fc.constantFrom(...markers),
        (before, after, marker) => {
          const whole = Buffer.concat([before, Buffer.from(marker), after]);
          for (const form of ['base64', 'base64url', 'hex'] as const)
            expect(scanner.scan(Buffer.from(whole.toString(form)))).toContainEqual(expect.objectContaining({ marker }));
        },
      ),
    );
    const json = Buffer.from(JSON.stringify({ a: `x${markers[1]}"` }));
    expect(scanner.scan(json)).toHaveLength(1);
    expect(scanner.scan(gb18030(`姓名：${markers[1]}`))).toEqual([
      { marker: markers[1], encoding: 'gb18030', offset: 6 },
    ]);
  });

  it('finds nothing where nothing is, and is fast enough for a database', () => {
    const bytes = randomBytes(32 * 1024 * 1024);
    const begun = performance.now();
    expect(scanner.scan(bytes)).toEqual([]);
    expect(performance.now() - begun).toBeLessThan(5000);
    expect(scanner.scan(Buffer.from(markers[0]!.slice(1)))).toEqual([]);
    expect(scanner.scan(Buffer.alloc(3))).toEqual([]);
  });

  it('refuses a marker that chance could write', () => {
    expect(() => new MarkerScanner(['ab'])).toThrow('too short');
  });
});
