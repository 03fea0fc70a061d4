import fc from 'fast-check';
import { frameMllp, MllpDecoder, type MllpOutput } from './index.js';

const bytes = (text: string) => Uint8Array.from(text, (each) => each.charCodeAt(0));
const told = (output: MllpOutput) => ('frame' in output ? String.fromCharCode(...output.frame) : output.problem.code);
const decode = (max: number, ...chunks: string[]) => {
  const decoder = new MllpDecoder(max);
  const out = chunks.flatMap((chunk) => decoder.push(bytes(chunk)).map(told));
  const end = decoder.end();
  return end === undefined ? out : [...out, end.code];
};

describe('MllpDecoder', () => {
  it.each([
    ['one frame', ['\x0bhello\x1c\r'], ['hello']],
    ['two frames and blank lines', ['\x0ba\x1c\r\r\n\x0bb\x1c\r\n'], ['a', 'b']],
    ['an empty frame', ['\x0b\x1c\r'], ['']],
    ['garbage before a frame, said once', ['xx', 'yy\x0ba\x1c\r'], ['hl7.framing', 'a']],
    ['garbage twice', ['x\x0ba\x1c\ry\x0bb\x1c\r'], ['hl7.framing', 'a', 'hl7.framing', 'b']],
    ['a frame in a frame', ['\x0bab\x0bc\x1c\r'], ['hl7.framing', 'c']],
    ['an end block without CR', ['\x0bab\x1cx\x1c\r\x0bc\x1c\r'], ['hl7.framing', 'c']],
    ['exactly the limit', ['\x0b12345\x1c\r'], ['12345']],
    ['past the limit, said once', ['\x0b123', '456', '789\x1c\r\x0bok\x1c\r'], ['hl7.too-large', 'ok']],
    ['the end inside a frame', ['\x0bab'], ['hl7.truncated']],
    ['the end before CR', ['\x0bab\x1c'], ['hl7.truncated']],
  ])('%s', (_, chunks, expected) => expect(decode(5, ...chunks)).toEqual(expected));

  it('finds the same however the bytes are chopped', () => {
    const soup = fc
      .array(fc.constantFrom('\x0b', '\x1c', '\r', '\n', 'a', 'bcd', '\x0bxy\x1c\r'), { maxLength: 30 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(soup, fc.array(fc.nat(40), { maxLength: 8 }), (text, cuts) => {
        const at = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
        const chunks = at.slice(1).map((end, index) => text.slice(at[index], end));
        expect(decode(6, ...chunks)).toEqual(decode(6, text));
      }),
    );
  });

  it('gives back any messages it framed', () => {
    const content = fc
      .uint8Array({ maxLength: 300 })
      .map((each) => each.filter((byte) => byte !== 0x0b && byte !== 0x1c));
    fc.assert(
      fc.property(fc.array(content), (messages) => {
        const out = new MllpDecoder(300).push(Buffer.concat(messages.map(frameMllp)));
        expect(out).toEqual(messages.map((frame) => ({ frame })));
      }),
    );
  });

  it('takes a long message byte by byte', () => {
    const decoder = new MllpDecoder(1 << 20);
    decoder.push(Uint8Array.of(0x0b));
    for (let count = 0; count < 200_000; count += 1) decoder.push(Uint8Array.of(65));
    expect(decoder.push(Uint8Array.of(0x1c, 0x0d))).toEqual([{ frame: new Uint8Array(200_000).fill(65) }]);
  });
});
