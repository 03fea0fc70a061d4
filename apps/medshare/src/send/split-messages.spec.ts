import fc from 'fast-check';
import { frameMllp } from '@medshare/hl7';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../run/files.js';
import { splitMessages } from './split-messages.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const texts = (file: string): string[] =>
  splitMessages(bytes(file)).map((message) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(message));

describe('messages of a file', () => {
  it('turns LF and CR LF into CR', () => {
    expect(texts('MSH|^~\\&|A\nPID|1\n')).toEqual(['MSH|^~\\&|A\rPID|1\r']);
    expect(texts('MSH|^~\\&|A\r\nPID|1\r\n')).toEqual(['MSH|^~\\&|A\rPID|1\r']);
    expect(texts('MSH|^~\\&|A\rPID|1')).toEqual(['MSH|^~\\&|A\rPID|1\r']);
  });

  it('leaves an LF of a file of CRs alone: it is text', () => {
    expect(texts('MSH|^~\\&|A\rNTE|1||two\nlines\r')).toEqual(['MSH|^~\\&|A\rNTE|1||two\nlines\r']);
  });

  it('begins a message at each MSH and takes batch envelopes and blank lines off', () => {
    const file = 'FHS|^~\\&|A\nBHS|^~\\&|A\nMSH|^~\\&|1\nPID|1\n\nMSH#*~\\&#2\nPID#2\nBTS|2\nFTS|1\n';
    expect(texts(file)).toEqual(['MSH|^~\\&|1\rPID|1\r', 'MSH#*~\\&#2\rPID#2\r']);
  });

  it('does not take a field or a longer word for a header', () => {
    expect(texts('MSH|^~\\&|1\nOBX|1|ST|MSH|x\nMSHX|no\n')).toEqual(['MSH|^~\\&|1\rOBX|1|ST|MSH|x\rMSHX|no\r']);
  });

  it('keeps a byte order mark with its message, takes frames off, and sends what has no MSH as it is', () => {
    expect(texts('\ufeffMSH|^~\\&|1\nPID|1\n')).toEqual(['\ufeffMSH|^~\\&|1\rPID|1\r']);
    const framed = [frameMllp(bytes('MSH|^~\\&|1\r')), frameMllp(bytes('MSH|^~\\&|2\r'))];
    expect(splitMessages(Buffer.concat(framed)).map((each) => Buffer.from(each).toString())).toEqual([
      'MSH|^~\\&|1\r',
      'MSH|^~\\&|2\r',
    ]);
    expect(texts('hello\n')).toEqual(['hello\r']);
    expect(texts('\n \n')).toEqual([]);
    expect(texts('')).toEqual([]);
  });

  it('changes no other byte of the samples', () => {
    for (const name of ['adt-a01-mei-lin.hl7', 'adt-a04-chen-xiaodong-gb18030.hl7']) {
      const file = readFileSync(join(root, 'samples', name));
      const [message = new Uint8Array()] = splitMessages(file);
      const ends = (each: Uint8Array) =>
        Buffer.from(each)
          .toString('latin1')
          .replace(/\r\n|\r|\n/g, '\n')
          .trimEnd();
      expect(ends(message)).toBe(ends(file));
    }
  });

  it('finds as many messages as were joined, whatever the ends', () => {
    const body = fc.array(fc.stringMatching(/^[A-Z]{2}[0-9]\|[ -~]{0,20}$/), { maxLength: 4 });
    const message = body.map((segments) => [
      'MSH|^~\\&|X',
      ...segments.map((segment) => segment.replace(/^(BHS|FHS|BTS|FTS|MSH)/, 'ZZZ')),
    ]);
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 5 }),
        fc.constantFrom('\r', '\n', '\r\n'),
        (messages, end) => {
          const file = messages
            .flat()
            .map((segment) => segment + end)
            .join('');
          expect(texts(file)).toEqual(messages.map((segments) => segments.map((segment) => `${segment}\r`).join('')));
        },
      ),
    );
  });
});
