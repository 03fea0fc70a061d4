import fc from 'fast-check';
import { codecFor } from './charset.js';
import { escape, parseMessage, serialiseMessage, unescape, usualDelimiters } from './index.js';

const codec = (name: string) => codecFor([name], 'ASCII');
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('character sets of HL7 table 0211', () => {
  it.each([
    ['GB 18030-2000', '林美', 'c1d6c3c0'],
    ['GB 18030-2000', 'ß€㐀😀', '81308938a2e38139ee399439fc36'],
    ['UNICODE UTF-8', '林', 'e69e97'],
    ['8859/1', 'é\u0085', 'e985'],
    ['8859/2', 'ł', 'b3'],
    ['8859/15', '€', 'a4'],
    ['KS X 1001', '한', 'c7d1'],
    ['BIG-5', '林', 'aa4c'],
    ['ISO IR87', 'a林b', '611b24424e531b284262'],
  ])('%s encodes %s', (name, text, bytes) => {
    expect(hex(codec(name).encode(text))).toBe(bytes);
    expect(codec(name).decode(Buffer.from(bytes, 'hex'))).toBe(text);
  });

  it.each(['ASCII', 'UNICODE UTF-8', 'GB 18030-2000', '8859/1', 'ISO IR87'])(
    '%s refuses what it cannot keep',
    (name) => {
      expect(() => codec(name).encode('\ud800')).toThrow('hl7.charset');
      if (name !== '8859/1') expect(() => codec(name).decode(Uint8Array.of(0x41, 0xff))).toThrow('hl7.charset');
    },
  );

  it('an undefined byte of 8859/3 is refused', () =>
    expect(() => codec('8859/3').decode(Uint8Array.of(0xa5))).toThrow('hl7.charset'));

  it('every character of the basic plane survives GB 18030, and every 97th beyond it', () => {
    const { encode, decode } = codec('GB 18030-2000');
    const beyond = Array.from({ length: 0x100000 / 97 }, (_, index) => 0x10ffff - index * 97);
    // U+E5E5 has no code there, and the 2005 edition exchanged U+1E3F with U+E7C7; platforms differ on both
    const plain = [...Array(0x10000).keys(), ...beyond]
      .map((code) => String.fromCodePoint(code))
      .join('')
      .replace(/[\ud800-\udfff\ue000-\uf8ff\u1e3f]/gu, '');
    expect(decode(encode(plain)) === plain).toBe(true);
  });

  it('GB 18030 tells U+FFFD from bytes that are no character', () => {
    const { decode } = codec('GB 18030-2000');
    expect(decode(Buffer.from('418431a43742', 'hex'))).toBe('A\ufffdB');
    // the same four bytes across three characters' borders, and what is no character beside the real one
    expect(() => decode(Buffer.from('81848431a437ff', 'hex'))).toThrow('hl7.charset');
    expect(() => decode(Buffer.from('818431a4378130ff', 'hex'))).toThrow('hl7.charset');
  });

  it('second bytes that look like delimiters stay inside their character', () => {
    const text = 'MSH|^~\\&|||||||ADT^A01|1|P|2.5||||||GB 18030-2000\rPID|1||1||亅^丿\r';
    const bytes = codec('GB 18030-2000').encode(text);
    expect(hex(bytes)).toContain('817c');
    const message = parseMessage(bytes);
    expect(message.text('PID-5.1')).toBe('亅');
    expect(serialiseMessage(message)).toEqual(bytes);
  });
});

describe('escape', () => {
  it('is undone by unescape', () => {
    const utf8 = codec('UNICODE UTF-8');
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'|^~\\&\r\nXEFa中') }), (text) =>
        expect(unescape(escape(text, usualDelimiters), usualDelimiters, utf8)).toBe(text),
      ),
    );
  });
});
