import { problem, textOf } from '@medshare/problems';
import { acknowledge, parseMessage } from './index.js';

const sent = (version: string, tail = '', marks = '|^~\\&') =>
  parseMessage(
    new TextEncoder().encode(
      `MSH|^~\\&|LAB|HARBOR|EHR|EAST|20260102||ADT^A01^ADT_A01|42|T|${version}${tail}\rPID|1`.replaceAll(
        '|',
        marks.charAt(0),
      ),
    ),
  );
const time = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).split('\r');
const bad = problem('hl7.data-type', { where: 'PID[1]-7[2].1', detail: 'not TS' });

describe('acknowledge', () => {
  it('accepts, with the parties swapped', () => {
    expect(text(acknowledge(sent('2.5.1'), { code: 'AA', time, controlId: 'c1' }))).toEqual([
      'MSH|^~\\&|EHR|EAST|LAB|HARBOR|20260102030405.006+0000||ACK^A01^ACK|c1|T|2.5.1',
      'MSA|AA|42',
      '',
    ]);
  });

  it('names places and table 0357 in ERR since 2.5', () => {
    const answer = { code: 'AE', time, controlId: 'c1', problems: [bad, problem('storage.unavailable')] } as const;
    expect(text(acknowledge(sent('2.5'), answer)).slice(1, 4)).toEqual([
      'MSA|AE|42',
      'ERR||PID^1^7^2^1|102^Data type error^HL70357|E|hl7.data-type^A value is not of its data type^L||PID[1]-7[2].1: not TS|A value is not of its data type',
      'ERR|||207^Application internal error^HL70357|E|storage.unavailable^The storage cannot be used^L|||The storage cannot be used',
    ]);
  });

  it('writes the texts of problems in the language asked for, where the message’s character set can', () => {
    const answer = { code: 'AE', time, controlId: 'c1', problems: [bad], language: 'zh' } as const;
    const errOf = (tail: string, codec = 'utf-8') =>
      new TextDecoder(codec)
        .decode(acknowledge(sent('2.5.1', tail), answer))
        .split('\r')[2]!
        .split('|');
    const own = textOf('hl7.data-type', 'zh').title;
    expect(own).toMatch(/\p{Script=Han}/u);
    for (const [tail, codec] of [
      ['||||||UNICODE UTF-8', 'utf-8'],
      ['||||||GB 18030-2000', 'gb18030'],
    ] as const) {
      const err = errOf(tail, codec);
      expect([err[3], err[5], err[8]]).toEqual(['102^Data type error^HL70357', `hl7.data-type^${own}^L`, own]);
    }
    // nothing above ASCII goes to who declared ASCII, a set of other letters, or sent what is no message
    expect(errOf('')[8]).toBe(bad.title);
    expect(errOf('||||||8859/1')[8]).toBe(bad.title);
    const broken = new TextEncoder().encode(
      'MSH|^~\\&|LAB|HARBOR|EHR|EAST|20260102||ADT^A01|42|T|2.5.1||||||UNICODE UTF-8',
    );
    const refused = new TextDecoder().decode(acknowledge(undefined, { ...answer, refused: broken }));
    expect(refused).toContain(bad.title);
    expect(refused).not.toContain(own);
  });

  it('uses ERR-1 before 2.5', () => {
    const answer = { code: 'AE', time, controlId: 'c1', problems: [bad] } as const;
    expect(text(acknowledge(sent('2.3.1'), answer))[2]).toBe('ERR|PID^1^7^102&Data type error&HL70357');
  });

  it('mirrors delimiters and character set', () => {
    const lines = text(acknowledge(sent('2.5', '||||||UNICODE UTF-8', '#'), { code: 'AR', time, controlId: 'a#b' }));
    expect(lines[0]).toBe(
      'MSH#^~\\&#EHR#EAST#LAB#HARBOR#20260102030405.006+0000##ACK^A01^ACK#a\\F\\b#T#2.5######UNICODE UTF-8',
    );
  });

  it('says of an application acknowledgement whether it is to be acknowledged itself', () => {
    const answer = { code: 'AA', time, controlId: 'c1', accept: 'AL' } as const;
    expect(text(acknowledge(sent('2.5.1', '||||||8859/1'), answer))[0]).toBe(
      'MSH|^~\\&|EHR|EAST|LAB|HARBOR|20260102030405.006+0000||ACK^A01^ACK|c1|T|2.5.1|||AL|NE||8859/1',
    );
  });

  it('answers what could not be parsed', () => {
    const sender = { application: 'MEDSHARE', facility: 'HARBOR' };
    expect(
      text(
        acknowledge(undefined, { code: 'AR', time, controlId: 'c1', sender, problems: [problem('hl7.unparsable')] }),
      ).slice(0, 2),
    ).toEqual(['MSH|^~\\&|MEDSHARE|HARBOR|||20260102030405.006+0000||ACK|c1|P|2.5.1', 'MSA|AR|']);
  });

  it('mirrors what it can tell of the header of what could not be parsed', () => {
    const answer = {
      code: 'AR',
      time,
      controlId: 'c1',
      problems: [problem('hl7.charset', { where: 'MSH-18' })],
    } as const;
    const refused = (text: string) =>
      firstTwo(acknowledge(undefined, { ...answer, refused: new TextEncoder().encode(text) }));
    const firstTwo = (bytes: Uint8Array) => text(bytes).slice(0, 2);
    expect(refused('MSH|^~\\&|LAB|HÄRBOR|EHR|EAST|||ADT^A01|42|P|2.5||||||KLINGON\rPID')).toEqual([
      'MSH|^~\\&|EHR|EAST|LAB||20260102030405.006+0000||ACK^A01^ACK|c1|P|2.5',
      'MSA|AR|42',
    ]);
    expect(refused('nonsense')[1]).toBe('MSA|AR|');
  });

  it('can be parsed again, whatever it says', () => {
    const answer = {
      code: 'AE',
      time,
      controlId: '|^~\\&\r',
      problems: [problem('hl7.data-type', { detail: '|\rMSH|' })],
    } as const;
    const again = parseMessage(acknowledge(sent('2.5'), answer));
    expect([again.segments.length, again.controlId, again.text('ERR-7')]).toEqual([3, '|^~\\&\r', '|\rMSH|']);
  });
});
