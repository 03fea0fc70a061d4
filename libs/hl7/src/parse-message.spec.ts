import fc from 'fast-check';
import { isProblem, type Problem } from '@medshare/problems';
import { messageKey, parseMessage, serialiseMessage, validateMessage } from './index.js';

const utf8 = (text: string) => new TextEncoder().encode(text);
const header = 'MSH|^~\\&|LAB|HARBOR|EHR|HARBOR|20260102030405+0800||ORU^R01^ORU_R01|42|P|2.5.1';
const message = (...segments: string[]) => parseMessage(utf8([header, ...segments].join('\r') + '\r'));
const refusal = (work: () => unknown): Problem => {
  try {
    work();
  } catch (caught) {
    if (isProblem(caught)) return caught;
    throw caught;
  }
  throw new Error('it was accepted');
};

describe('parseMessage', () => {
  it('reads fields, repetitions, components and subcomponents by position', () => {
    const it = message('PID|1||A^^^EAST&urn:x&URI~B||Lin^Mei', 'OBX|1', 'OBX|2|NM', 'ZZ1|kept|^~');
    expect(it.text('PID-3.1')).toBe('A');
    expect(it.text('PID[1]-3[2].1')).toBe('B');
    expect(it.text('PID-3.4.2')).toBe('urn:x');
    expect(it.text('OBX[2]-2')).toBe('NM');
    expect(it.text('ZZ1-1')).toBe('kept');
    expect([it.text('PID-99'), it.text('PID[2]-3'), it.text('nonsense')]).toEqual([undefined, undefined, undefined]);
    expect([it.text('MSH-1'), it.header.fields[2], it.text('MSH-12')]).toEqual(['|', '^~\\&', '2.5.1']);
    expect(it.first('PID')?.repetitions(3)[1]?.where(4, 2)).toBe('PID-3[2].4.2');
    expect(messageKey(it)).toEqual({ application: 'LAB', facility: 'HARBOR', controlId: '42' });
  });

  it('tells an empty value from an explicit null', () => {
    const it = message('PID|1||A||""^x');
    expect([it.text('PID-4'), it.text('PID-5.1'), it.text('PID-5.2')]).toEqual([undefined, '', 'x']);
  });

  it('resolves escapes and keeps what it does not know', () => {
    const it = message(String.raw`NTE|1||\F\ \S\ \T\ \R\ \E\ \X414243\ a\.br\b \H\c\N\ \Z9\ 1\2 \XZZ\ `);
    expect(it.first('NTE')?.first(3).whole()).toBe('| ^ & ~ \\ ABC a\nb c \\Z9\\ 1\\2 \\XZZ\\ ');
  });

  it('takes the delimiters that the message declares', () => {
    const it = parseMessage(utf8('MSH#*%!@#A*B#\rPID#1##X%Y*Z@W!F!\r'));
    expect([it.text('MSH-3.2'), it.text('PID-3[2].2.2')]).toEqual(['B', 'W#']);
    expect(it.delimiters.truncation).toBe('');
    expect(parseMessage(utf8('MSH|^~\\&#|A')).delimiters.truncation).toBe('#');
  });

  it.each([
    ['', 'hl7.unparsable'],
    ['PID|1', 'hl7.unparsable'],
    ['MSH', 'hl7.unparsable'],
    ['MSH|', 'hl7.unparsable'],
    ['MSH|^^\\&|', 'hl7.unparsable'],
    ['MSHabcde', 'hl7.unparsable'],
    ['MSH|^~\\&|A\rpid|1', 'hl7.unparsable'],
    ['MSH|^~\\&|A\rPIDX|1', 'hl7.unparsable'],
    ['MSH|^~\\&|é', 'hl7.charset'],
    ['MSH|^~\\&||||||||||||||||KLINGON', 'hl7.charset'],
    ['MSH|^~\\&||||||||||||||||ISO IR159', 'hl7.charset'],
  ])('refuses %j with %s', (text, code) => expect(refusal(() => parseMessage(utf8(text))).code).toBe(code));

  it('bounds bytes, segments, fields and repetitions inclusively', () => {
    const accept = (text: string, limits: object) => parseMessage(utf8(text), limits);
    const text = 'MSH|^~\\&|A\rPID|1|2|3~4~5\r';
    for (const [limit, value] of Object.entries({ bytes: text.length, segments: 2, fields: 3, repetitions: 3 })) {
      expect(accept(text, { [limit]: value }).segments).toHaveLength(2);
      expect(refusal(() => accept(text, { [limit]: value - 1 })).code).toMatch(/too-(large|many)/);
    }
  });

  it('ends segments as the first one ends', () => {
    for (const end of ['\r', '\n', '\r\n']) {
      const bytes = utf8([header, 'PID|1||A', 'NTE|1', ''].join(end) + end);
      expect(parseMessage(bytes).segments.map(({ name }) => name)).toEqual(['MSH', 'PID', 'NTE']);
      expect(serialiseMessage(parseMessage(bytes))).toEqual(bytes);
    }
    expect(parseMessage(utf8(`${header}\rNTE|1||a\nb\r`)).text('NTE-3')).toBe('a\nb');
  });
});

const name = fc.constantFrom('PID', 'OBX', 'ZZZ', 'NTE');
const field = fc.stringMatching(/^[a-zA-Z0-9^~\\& é中😀."]{0,12}$/);
const bodies = fc.array(
  fc.tuple(name, fc.array(field, { maxLength: 6 })).map(([id, fields]) => [id, ...fields].join('|')),
  { maxLength: 8 },
);
const valid = fc
  .tuple(bodies, fc.constantFrom('\r', '\n', '\r\n'), fc.boolean())
  .map(([lines, end, last]) => utf8([`${header}||||||UNICODE UTF-8`, ...lines].join(end) + (last ? end : '')));

describe('any message', () => {
  it('comes back byte for byte', () => {
    fc.assert(fc.property(valid, (bytes) => expect(serialiseMessage(parseMessage(bytes))).toEqual(bytes)));
  });

  it('mutated, throws nothing but a Problem', () => {
    const edit = fc.tuple(fc.nat(), fc.nat(255), fc.nat(3));
    fc.assert(
      fc.property(valid, fc.array(edit, { maxLength: 6 }), (bytes, edits) => {
        const mutated = Uint8Array.from(bytes);
        for (const [at, byte] of edits) mutated[at % mutated.length] = byte;
        try {
          const read = parseMessage(mutated.subarray(0, mutated.length - (edits[0]?.[2] ?? 0)));
          for (const each of validateMessage(read)) expect(isProblem(each)).toBe(true);
          for (const segment of read.segments)
            for (const n of segment.fields.keys()) for (const r of segment.repetitions(n)) r.whole();
        } catch (caught) {
          expect(isProblem(caught)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('of a megabyte of delimiters costs linear time', () => {
    const begin = performance.now();
    for (const mark of ['\\', '~', '^', '&', '|'])
      try {
        const it = parseMessage(utf8(`${header}\rNTE|1||${mark.repeat(1 << 20)}x\r`), {
          repetitions: 1e9,
          fields: 1e9,
        });
        it.first('NTE')?.first(3).whole();
        validateMessage(it);
      } catch (caught) {
        expect(isProblem(caught)).toBe(true);
      }
    expect(performance.now() - begin).toBeLessThan(10_000);
  });
});
