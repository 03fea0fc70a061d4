import fc from 'fast-check';
import { answerBatch, isBatch, readBatch } from './index.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const told = (all: Uint8Array) => new TextDecoder().decode(all);
const message = (id: string) => `MSH|^~\\&|LAB|HARBOR|EHR|EAST|2026||ADT^A01|${id}|P|2.5\rPID|1\r`;
const bhs = (id: string) => `BHS|^~\\&|LAB|HARBOR|EHR|EAST|2026||||${id}\r`;
const fhs = `FHS|^~\\&|LAB|HARBOR|EHR|EAST|2026||||F1\r`;
const read = (text: string, max = 100) => readBatch(bytes(text), max);
const places = (text: string) => read(text).problems.map(({ code, where }) => `${code} ${where}`);

describe('a batch', () => {
  it('is told from a message by its first segment', () => {
    expect([bhs('1'), fhs, `\ufeff${bhs('1')}`].map((each) => isBatch(bytes(each)))).toEqual([true, true, true]);
    expect([message('1'), 'BHSX', 'BTS|1', ''].map((each) => isBatch(bytes(each)))).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it('gives its messages byte for byte, whatever ends its segments', () => {
    const text = `${fhs}${bhs('B1')}${message('1')}${message('2')}BTS|2\r${bhs('B2')}${message('3')}BTS|1\rFTS|2\r`;
    for (const end of ['\r', '\n', '\r\n']) {
      const batch = read(text.replaceAll('\r', end));
      expect(batch.problems).toEqual([]);
      expect(batch.parts.map(({ messages }) => messages.map(told))).toEqual(
        [[message('1'), message('2')], [message('3')]].map((part) => part.map((each) => each.replaceAll('\r', end))),
      );
    }
  });

  it.each([
    ['a wrong count of messages', `${bhs('1')}${message('1')}BTS|2\r`, ['hl7.batch-count BTS-1']],
    ['a count that is none', `${bhs('1')}${message('1')}BTS|one\r`, ['hl7.batch-count BTS-1']],
    [
      'wrong counts in the second batch and in the file',
      `${fhs}${bhs('1')}${message('1')}BTS|1\r${bhs('2')}${message('2')}BTS|7\rFTS|3\r`,
      ['hl7.batch-count BTS[2]-1', 'hl7.batch-count FTS-1'],
    ],
    ['no message', `${bhs('1')}BTS|0\r`, ['hl7.segment-sequence MSH']],
    ['a segment outside a message', `${bhs('1')}PID|1\r${message('1')}BTS|1\r`, ['hl7.segment-sequence PID']],
    ['a trailer without its header', `${fhs}${message('1')}BTS|1\r`, ['hl7.segment-sequence BTS']],
    ['a file trailer without its header', `${bhs('1')}${message('1')}FTS|1\r`, ['hl7.segment-sequence FTS']],
    ['a message after the end', `${fhs}${message('1')}FTS|1\r${message('2')}`, ['hl7.segment-sequence MSH']],
    ['a second file header', `${fhs}${bhs('1')}${message('1')}${fhs}`, ['hl7.segment-sequence FHS']],
  ])('names %s', (_, text, expected) => expect(places(text)).toEqual(expected));

  it.each([
    ['without counts', `${bhs('1')}${message('1')}BTS\r`],
    ['without trailers', `${fhs}${bhs('1')}${message('1')}`],
    ['without headers of its batches', `${fhs}${message('1')}FTS|1`],
    ['with zeros before the count', `${bhs('1')}${message('1')}BTS|001\r\r`],
  ])('is taken %s', (_, text) => expect(places(text)).toEqual([]));

  it('is bounded, and needs delimiters', () => {
    expect(() => read(bhs('1') + message('1').repeat(4), 3)).toThrow(expect.objectContaining({ code: 'hl7.too-many' }));
    expect(() => read('BHS|\rMSH|^~\\&')).toThrow(expect.objectContaining({ code: 'hl7.unparsable' }));
  });

  it('never throws anything but a problem, and loses no message', () => {
    const piece = fc.constantFrom(fhs, bhs('1'), message('1'), 'BTS|1\r', 'FTS|1\r', '\r', 'x', 'MSH', 'PID|\r');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = bhs('0') + pieces.join('');
        const starts = text.match(/(?:^|\r)MSH(?![A-Za-z0-9])/g)?.length ?? 0;
        expect(read(text).parts.flatMap(({ messages }) => messages)).toHaveLength(starts);
      }),
    );
  });
});

describe('the answer to a batch', () => {
  it('mirrors its envelopes and counts', () => {
    let n = 0;
    const batch = read(`${fhs}${bhs('B1')}${message('1')}${message('2')}BTS|2\rFTS|1\r`);
    const answer = answerBatch(batch, {
      acknowledgements: [[bytes('MSH|1\r'), bytes('MSH|2\r')]],
      time: Date.UTC(2026, 0, 2),
      controlId: () => `c${(n += 1)}`,
    });
    expect(told(answer).split('\r')).toEqual([
      'FHS|^~\\&|EHR|EAST|LAB|HARBOR|20260102000000.000+0000||||c1|F1',
      'BHS|^~\\&|EHR|EAST|LAB|HARBOR|20260102000000.000+0000||||c2|B1',
      'MSH|1',
      'MSH|2',
      'BTS|2',
      'FTS|1',
      '',
    ]);
    const again = readBatch(answer, 10);
    expect([again.problems, again.parts[0]?.messages.length]).toEqual([[], 2]);
  });
});
